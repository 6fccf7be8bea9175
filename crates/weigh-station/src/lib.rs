//! Where it comes together: open, read, resolve, count, assess
