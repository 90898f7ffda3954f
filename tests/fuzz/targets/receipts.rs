#![no_main]

relaybox_fuzz::json_target!(relaybox_fuzz::receipts::run);
