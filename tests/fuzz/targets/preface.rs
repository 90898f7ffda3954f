#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    relaybox_fuzz::preface::run(input);
});
