"""The ``Qt`` namespace: the enums that have no class of their own and that a program without widgets meets.

Source: https://doc.qt.io/qt-6/qt.html.
"""

from __future__ import annotations

from qnet.core._enums import QtEnum, QtFlag, flat_enums

__all__ = ["Qt"]


@flat_enums
class Qt:
    """Qt's miscellaneous identifiers, scoped (``Qt.ConnectionType.QueuedConnection``) and flat."""

    class ConnectionType(QtFlag):
        """How an emission reaches a slot; Unique and SingleShot combine with the others by ``|``."""

        AutoConnection = 0
        DirectConnection = 1
        QueuedConnection = 2
        BlockingQueuedConnection = 3
        UniqueConnection = 0x80
        SingleShotConnection = 0x100

    class EventPriority(QtEnum):
        """Priorities of posted events; any other integer is a priority too."""

        HighEventPriority = 1
        NormalEventPriority = 0
        LowEventPriority = -1

    class FindChildOption(QtFlag):
        """Whether `QObject.findChild` looks below the direct children."""

        FindDirectChildrenOnly = 0
        FindChildrenRecursively = 1

    FindChildOptions = FindChildOption

    class TimerType(QtEnum):
        """How exact a timer is: Precise and Coarse keep milliseconds here, VeryCoarse full seconds."""

        PreciseTimer = 0
        CoarseTimer = 1
        VeryCoarseTimer = 2

    class TimerId(QtEnum):
        """The id of a timer; Invalid is the one that no timer has."""

        Invalid = 0

        @classmethod
        def _missing_(cls, value: object) -> Qt.TimerId | None:
            if not isinstance(value, int):
                return None
            member = int.__new__(cls, value)  # not kept: ids are not used twice
            member._name_ = f"Timer{value}"
            member._value_ = value
            return member

    class CaseSensitivity(QtEnum):
        """Whether a comparison tells upper from lower case."""

        CaseInsensitive = 0
        CaseSensitive = 1

    class SplitBehaviorFlags(QtFlag):
        """What splitting does with empty parts."""

        KeepEmptyParts = 0
        SkipEmptyParts = 1

    SplitBehavior = SplitBehaviorFlags

    class TimeSpec(QtEnum):
        """How a time of day is meant."""

        LocalTime = 0
        UTC = 1
        OffsetFromUTC = 2
        TimeZone = 3

    class DateFormat(QtEnum):
        """The textual forms of dates."""

        TextDate = 0
        ISODate = 1
        RFC2822Date = 8
        ISODateWithMs = 9

    class DayOfWeek(QtEnum):
        """ISO weekdays."""

        Monday = 1
        Tuesday = 2
        Wednesday = 3
        Thursday = 4
        Friday = 5
        Saturday = 6
        Sunday = 7

    class SortOrder(QtEnum):
        """The direction of a sort."""

        AscendingOrder = 0
        DescendingOrder = 1

    class ApplicationAttribute(QtEnum):
        """Switches of the application object; those that concern a display have no effect here."""

        AA_DontShowIconsInMenus = 2
        AA_NativeWindows = 3
        AA_DontCreateNativeWidgetSiblings = 4
        AA_PluginApplication = 5
        AA_DontUseNativeMenuBar = 6
        AA_Use96Dpi = 8
        AA_DisableNativeVirtualKeyboard = 9
        AA_ShareOpenGLContexts = 18
        AA_DisableSessionManager = 31

    class Initialization(QtEnum):
        """The tag of constructors that leave their value unset."""

        Uninitialized = 0
