#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| konspect_fuzz::run("audit_state", bytes));
