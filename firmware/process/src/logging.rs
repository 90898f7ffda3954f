//! The one logger of the process: the journal on the box, standard error in development.

use std::io::Write as _;

use log::{LevelFilter, Log, Metadata, Record};
use systemd_journal_logger::{JournalLog, connected_to_journal};

use crate::clock::Clock;

/// Installs the logger. A second call changes the level only, so that tests may call it freely.
pub fn install(level: LevelFilter, clock: Clock) {
    let sink: Box<dyn Log> = match JournalLog::new() {
        Ok(journal) if connected_to_journal() => Box::new(journal),
        _ => Box::new(StandardError(clock)),
    };
    // An error means that a logger is installed already.
    let _ = log::set_boxed_logger(Box::new(Quiet { level, sink }));
    log::set_max_level(level);
}

/// The journal logger takes every record whatever the level, and `tracing` reports each span as a
/// record: this filter keeps both out.
struct Quiet<L> {
    level: LevelFilter,
    sink: L,
}

impl<L: Log> Log for Quiet<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata.target().starts_with("relaybox");
        // Libraries log per packet at debug, and some log what they carry.
        let level = if ours { self.level } else { self.level.min(LevelFilter::Warn) };
        metadata.level() <= level && !metadata.target().starts_with("tracing::span")
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.sink.log(record);
        }
    }

    fn flush(&self) {
        self.sink.flush();
    }
}

/// Time of day in UTC, level, target, text.
struct StandardError(Clock);

impl Log for StandardError {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = line(self.0.now(), record);
        // Nobody is left to tell when standard error is gone.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }

    fn flush(&self) {}
}

fn line(now: u64, record: &Record<'_>) -> String {
    let (hour, minute, second) = (now / 3_600 % 24, now / 60 % 60, now % 60);
    let target = record.target();
    format!("{hour:02}:{minute:02}:{second:02} {:<5} {target}: {}\n", record.level(), record.args())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use log::Level;

    use super::*;

    struct Kept(Mutex<Vec<String>>);

    impl Log for Kept {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn log(&self, record: &Record<'_>) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
        fn flush(&self) {}
    }

    fn told(level: LevelFilter, records: &[(Level, &str, &str)]) -> Vec<String> {
        let quiet = Quiet { level, sink: Kept(Mutex::new(Vec::new())) };
        for (level, target, text) in records {
            quiet.log(&Record::builder().level(*level).target(target).args(format_args!("{text}")).build());
        }
        quiet.sink.0.into_inner().unwrap()
    }

    #[test]
    fn a_level_below_the_configured_one_is_not_logged() {
        let records = [(Level::Info, "relaybox_relay", "seen"), (Level::Debug, "relaybox_relay", "hidden")];
        assert_eq!(told(LevelFilter::Info, &records), ["seen"]);
        assert_eq!(told(LevelFilter::Debug, &records), ["seen", "hidden"]);
    }

    #[test]
    fn span_noise_and_the_chatter_of_libraries_are_not_logged() {
        let records = [
            (Level::Info, "tracing::span", "span"),
            (Level::Info, "tracing::span::active", "span"),
            (Level::Debug, "hyper::proto", "chatter"),
            (Level::Warn, "hyper::proto", "trouble"),
            (Level::Trace, "relaybox_web", "frame"),
        ];
        assert_eq!(told(LevelFilter::Trace, &records), ["trouble", "frame"]);
    }

    #[test]
    fn a_line_shows_time_level_and_role() {
        let record = Record::builder()
            .level(Level::Warn)
            .target("relaybox_gateway")
            .args(format_args!("slow"))
            .build();
        assert_eq!(line(86_400 + 3_661, &record), "01:01:01 WARN  relaybox_gateway: slow\n");
    }
}
