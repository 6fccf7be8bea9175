//! Arithmetic: architectures from observations, operation counts, estimators, chips
