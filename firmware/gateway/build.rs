//! Builds the gateway again when the faces were built: a gateway that was compiled before there were any would serve
//! none for ever.
#![allow(clippy::print_stdout, reason = "cargo reads what a build script prints")]

fn main() {
    println!("cargo::rerun-if-changed=../../appliance-ui/portal/dist");
}
