//! The wheel of an app whose levels are in Rust and in Python.

mod loops;
mod places;
mod words;

use pyo3::prelude::*;

use crate::loops::Loops;
use crate::places::Looking;
use crate::words::{Framed, Plain};

fn program() -> mti::Program {
    mti::main()
        .level::<Plain>("acme.rust-below", "words.PlainType")
        .level::<Framed>("acme.rust-above", "words.PlainType")
        .level::<Looking>("acme.places", "places.Type")
        .level::<Loops>("acme.loops", "loops.Type")
}

#[pymodule]
fn mixed_levels(module: &Bound<'_, PyModule>) -> PyResult<()> {
    mti_python::fill(module, program)
}
