//! The rulebook language, its reference interpreter, and the shipped rulebooks
