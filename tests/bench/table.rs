//! Numbers of several runs, and the table they are printed in.

use std::fmt::Write as _;
use std::time::Duration;

/// The middle of some numbers; the upper one of two.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that so many percent do not exceed.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
        .get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}

pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// What a value must reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
    None,
}

/// Medians by name, in the order in which they came: one column for each door.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
}

struct Row {
    name: String,
    bar: Bar,
    tls: Option<f64>,
    plain: Option<f64>,
}

/// Which column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Tls,
    Plain,
}

impl Column {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tls => "gateway with TLS",
            Self::Plain => "plain relay",
        }
    }
}

impl Table {
    /// Sets a value; the bar stands for the plain column.
    pub(crate) fn set(&mut self, column: Column, name: &str, value: f64, bar: Bar) {
        if !self.rows.iter().any(|row| row.name == name) {
            self.rows.push(Row { name: name.to_owned(), bar, tls: None, plain: None });
        }
        if let Some(row) = self.rows.iter_mut().find(|row| row.name == name) {
            match column {
                Column::Tls => row.tls = Some(value),
                Column::Plain => row.plain = Some(value),
            }
        }
    }

    /// Markdown.
    pub(crate) fn text(&self) -> String {
        let mut text =
            "| measure | TLS, gateway | plain relay | bar | |\n|---|---:|---:|---:|---|\n".to_owned();
        for row in &self.rows {
            let (bar, met) = match (row.bar, row.plain) {
                (Bar::AtLeast(bar), Some(value)) => (format!("≥ {}", number(bar)), told(value >= bar)),
                (Bar::AtMost(bar), Some(value)) => (format!("≤ {}", number(bar)), told(value <= bar)),
                _ => (String::new(), ""),
            };
            let cell = |value: Option<f64>| value.map_or(String::new(), number);
            let _ =
                writeln!(text, "| {} | {} | {} | {bar} | {met} |", row.name, cell(row.tls), cell(row.plain));
        }
        text
    }
}

const fn told(met: bool) -> &'static str {
    if met { "met" } else { "not met" }
}

/// Three digits that matter, thousands set apart.
fn number(value: f64) -> String {
    if value.abs() < 10.0 {
        return format!("{value:.2}");
    }
    if value.abs() < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
