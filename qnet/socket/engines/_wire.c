/* recv() that makes its result an instance of a subclass of bytes at once, and send() that takes no detour.

   qnet's reads return QByteArrayView, a subclass of bytes without state. Made in Python, QByteArrayView(sock.recv(n)), every
   byte is written three times: by the kernel, by the clearing of the new object, by the copy into it. That is 1.3 us
   for 64 KiB, more than all the rest that Python does for such a message. Here the kernel writes into the new object.

   This file is optional: without it `qnet.socket.engines._system_calls` takes the methods of Python's socket, with the same
   results.

   What receiving relies on: an instance of a bytes subclass that adds no field, no __dict__ and no __weakref__ is laid out as
   bytes (receiver() checks that), and PyObject_GC_NewVar() does not clear. The object is not tracked by the collector: it
   refers to nothing but its class.

   Both functions hold the number of a descriptor, not the socket. Their owner drops them before it closes that. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* Python ignores SIGPIPE anyway */
#endif

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" /* ob_shash, which nothing else can set */
#endif

/* After a call that gave -1: whether to make it again, because a signal came that no handler raised for (PEP 475).
   If not, an exception is set. */
static int
again(void)
{
    if (errno != EINTR) {
        PyErr_SetFromErrno(PyExc_OSError);
        return 0;
    }
    return PyErr_CheckSignals() == 0;
}

static PyObject *
receive(PyObject *self, PyObject *arg)
{
    int fd = (int)PyLong_AsLong(PyTuple_GET_ITEM(self, 0));
    PyTypeObject *kind = (PyTypeObject *)PyTuple_GET_ITEM(self, 1);
    Py_ssize_t size = PyLong_AsSsize_t(arg);
    if (size < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "negative buffersize in recv");
        return NULL;
    }
    PyBytesObject *data = PyObject_GC_NewVar(PyBytesObject, kind, size);
    if (data == NULL)
        return NULL;
    data->ob_shash = -1; /* not hashed yet */

    ssize_t got = 0;
    if (size > 0) {
        do {
            Py_BEGIN_ALLOW_THREADS
            got = recv(fd, data->ob_sval, (size_t)size, 0);
            Py_END_ALLOW_THREADS
        } while (got < 0 && again());
    }
    if (got < 0) {
        Py_DECREF(data);
        return NULL;
    }
    if (got != size) {
        PyBytesObject *shorter = PyObject_GC_Resize(PyBytesObject, data, got);
        if (shorter == NULL) {
            Py_DECREF(data);
            return NULL;
        }
        data = shorter;
    }
    data->ob_sval[got] = 0;
    return (PyObject *)data;
}

static PyObject *
transmit(PyObject *self, PyObject *arg)
{
    int fd = (int)PyLong_AsLong(self);
    Py_buffer data;
    if (PyObject_GetBuffer(arg, &data, PyBUF_SIMPLE) < 0)
        return NULL;
    ssize_t sent;
    do {
        Py_BEGIN_ALLOW_THREADS
        sent = send(fd, data.buf, (size_t)data.len, MSG_NOSIGNAL);
        Py_END_ALLOW_THREADS
    } while (sent < 0 && again());
    PyBuffer_Release(&data);
    return sent < 0 ? NULL : PyLong_FromSsize_t(sent);
}

static PyMethodDef receive_method = {"recv", receive, METH_O, "recv(size): what has arrived, at most size bytes"};
static PyMethodDef transmit_method = {"send", transmit, METH_O, "send(data): how many of the bytes the system took"};

static PyObject *
receiver(PyObject *module, PyObject *args)
{
    int fd;
    PyTypeObject *kind;
    if (!PyArg_ParseTuple(args, "iO!:receiver", &fd, &PyType_Type, &kind))
        return NULL;
    if (!PyType_IsSubtype(kind, &PyBytes_Type) || !PyType_IS_GC(kind) || kind->tp_itemsize != 1 ||
        kind->tp_basicsize != PyBytes_Type.tp_basicsize || kind->tp_dictoffset != 0 || kind->tp_weaklistoffset != 0) {
        PyErr_Format(PyExc_TypeError, "%s is not laid out as bytes", kind->tp_name);
        return NULL;
    }
    PyObject *self = PyTuple_Pack(2, PyTuple_GET_ITEM(args, 0), kind);
    if (self == NULL)
        return NULL;
    PyObject *result = PyCFunction_New(&receive_method, self);
    Py_DECREF(self);
    return result;
}

static PyObject *
sender(PyObject *module, PyObject *args)
{
    int fd;
    if (!PyArg_ParseTuple(args, "i:sender", &fd))
        return NULL;
    return PyCFunction_New(&transmit_method, PyTuple_GET_ITEM(args, 0));
}

static PyMethodDef methods[] = {
    {"receiver", receiver, METH_VARARGS,
     "receiver(fd, kind): a function like socket.recv of the descriptor, whose results are of kind, a class of bytes"},
    {"sender", sender, METH_VARARGS, "sender(fd): a function like socket.send of the descriptor"},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "qnet.socket.engines._wire", "recv() into a subclass of bytes, and send().", 0, methods,
};

PyMODINIT_FUNC
PyInit__wire(void)
{
    return PyModuleDef_Init(&module);
}
