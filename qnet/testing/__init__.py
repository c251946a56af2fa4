"""Helpers for tests of programs that use qnet: `QSignalSpy` and `QTest`, imported from `qnet.QtTest`."""
