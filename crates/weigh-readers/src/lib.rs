//! Every parser of bytes from outside: model files, run logs, declarations
