//! The one fold engine (PROTOCOL 2.1 "Fold"): records that the reader rule shows, to a chart.
