//! The shared vocabulary of weighbridge: exact counts, estimates, facts, architectures
