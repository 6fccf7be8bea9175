//! Laws that hold for every rulebook we ship and for facts nobody would write.

mod conformance;
mod laws;
mod subjects;
