//! `konspect-collect`: one small program, one zip, even when half of it fails.

fn main() {}
