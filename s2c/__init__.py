"""s2c: an incremental build tool for verified code. The way of the data is the import order in docs/architecture.md."""

__version__ = "0.1.0"
