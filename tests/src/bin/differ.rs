//! Writes cases of the differential run, one JSON line each: `differ SEED FIRST COUNT`. The same
//! arguments give the same lines; one case alone is `differ SEED N 1`.

use std::io::{BufWriter, Write};

use anyhow::Context;
use relaybox_tests::differ;

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let seed = arguments.next().context("name a seed")?;
    let mut number =
        |name: &'static str| -> anyhow::Result<u64> { arguments.next().context(name)?.parse().context(name) };
    let (first, count) = (number("say where to begin")?, number("say how many")?);
    let mut out = BufWriter::new(std::io::stdout().lock());
    serde_json::to_writer(&mut out, &serde_json::json!({"ops": differ::names()}))?;
    writeln!(out)?;
    for n in first..first + count {
        serde_json::to_writer(&mut out, &differ::case(&seed, n))?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(())
}
