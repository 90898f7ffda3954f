//! Civil dates: ages in completed months and years, and the days on which a practice sees children.

use time::{Date, Duration, Month, Weekday};

/// The same day `months` earlier; a day the month does not have becomes its last one.
pub(crate) fn months_before(date: Date, months: i32) -> Date {
    month_shift(date, -months)
}

/// The same day `months` later; a day the month does not have becomes its last one.
pub(crate) fn months_after(date: Date, months: i32) -> Date {
    month_shift(date, months)
}

fn month_shift(date: Date, months: i32) -> Date {
    let index = date.year() * 12 + i32::from(u8::from(date.month())) - 1 + months;
    let year = index.div_euclid(12);
    let month = month_of(index.rem_euclid(12));
    let day = date.day().min(month.length(year));
    Date::from_calendar_date(year, month, day).unwrap_or(date)
}

fn month_of(zero_based: i32) -> Month {
    (0..zero_based).fold(Month::January, |month, _| month.next())
}

/// Whole months between birth and a day, as people count them: the month is complete on the day
/// of the month on which the child was born, or on the month's last day when it is shorter.
#[cfg(test)]
pub(crate) fn completed_months(birth: Date, on: Date) -> i32 {
    let months = (on.year() - birth.year()) * 12 + i32::from(u8::from(on.month()))
        - i32::from(u8::from(birth.month()));
    if months_after(birth, months) > on { months - 1 } else { months }
}

#[cfg(test)]
pub(crate) fn completed_years(birth: Date, on: Date) -> i32 {
    completed_months(birth, on).div_euclid(12)
}

/// Whole days from birth to a day.
pub(crate) fn days_between(birth: Date, on: Date) -> i64 {
    i64::from(on.to_julian_day()) - i64::from(birth.to_julian_day())
}

pub(crate) fn plus_days(date: Date, days: i64) -> Date {
    date.saturating_add(Duration::days(days))
}

/// This day, or the next Monday when it falls on a weekend.
pub(crate) fn weekday_from(date: Date) -> Date {
    match date.weekday() {
        Weekday::Saturday => plus_days(date, 2),
        Weekday::Sunday => plus_days(date, 1),
        _ => date,
    }
}

/// `2026-03-02`.
pub(crate) fn iso(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// `2026-03-02T09:05:00-05:00`; `minute` counts from the practice's opening at eight.
pub(crate) fn iso_at(date: Date, minute: u32) -> String {
    format!("{}T{:02}:{:02}:00-05:00", iso(date), 8 + (minute / 60) % 9, minute % 60)
}

/// The day (UTC) of a moment in unix seconds.
pub(crate) fn date_of(unix: u64) -> Date {
    let days = i64::try_from(unix / 86_400).unwrap_or(0);
    plus_days(UNIX_DAY_ZERO, days)
}

/// Unix seconds of the moment that [`iso_at`] writes.
pub(crate) fn unix_at(date: Date, minute: u32) -> u64 {
    let days = days_between(UNIX_DAY_ZERO, date);
    let seconds = days * 86_400 + i64::from((8 + (minute / 60) % 9 + 5) * 3_600 + (minute % 60) * 60);
    u64::try_from(seconds).unwrap_or(0)
}

const UNIX_DAY_ZERO: Date = time::macros::date!(1970 - 01 - 01);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    #[test]
    fn a_leap_day_child_completes_months_on_the_last_day_of_short_ones() {
        let birth = date!(2024 - 02 - 29);
        assert_eq!(completed_months(birth, date!(2025 - 02 - 27)), 11);
        assert_eq!(completed_months(birth, date!(2025 - 02 - 28)), 12);
        assert_eq!(completed_years(birth, date!(2028 - 02 - 29)), 4);
    }

    #[test]
    fn moments_are_written_with_the_offset_of_the_practice() {
        assert_eq!(iso_at(date!(2026 - 03 - 02), 65), "2026-03-02T09:05:00-05:00");
        assert_eq!(unix_at(date!(1970 - 01 - 02), 60), 86_400 + 14 * 3_600);
        assert_eq!(date_of(86_399), date!(1970 - 01 - 01));
        assert_eq!(date_of(1_772_409_600), date!(2026 - 03 - 02));
    }

    proptest! {
        #[test]
        fn prop_going_back_by_months_gives_that_age(day in 0i64..25_000, months in 0i32..220) {
            let today = plus_days(date!(2020 - 01 - 01), day);
            let birth = months_before(today, months);
            prop_assert_eq!(completed_months(birth, today), months);
            prop_assert_eq!(completed_years(birth, today), months / 12);
        }
    }
}
