//! A crate of two modules: `sums` uses what `triangle` promises.

pub mod sums;
pub mod triangle;
