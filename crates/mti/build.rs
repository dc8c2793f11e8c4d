//! Has the crate compiled again when the embedded app changes.

fn main() {
    println!("cargo::rerun-if-changed=../../apps/base");
}
