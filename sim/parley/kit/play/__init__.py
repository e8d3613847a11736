"""Play many games of any mechanism on any backend, and cross-check some on another one."""
