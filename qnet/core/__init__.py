"""Objects, signals, events, the event loop, timers, threads, devices, streams and URLs (Qt Core)."""
