//! The program as a person meets it: executed pages of the manual, exit codes, wrong input.

mod answers;
mod chips;
mod clusters;
mod hostile;
mod law;
mod manual;
