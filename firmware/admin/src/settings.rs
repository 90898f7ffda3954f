//! What the practice has set about the box's administration: one small file.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use relaybox_process::files;
use serde::{Deserialize, Serialize};

/// Seconds that an epoch may last before the practice is reminded: a week to five years of 366 days.
pub(crate) const ROTATION_SECONDS: RangeInclusive<u64> = 7 * 86_400..=5 * 366 * 86_400;
const ROTATION_DEFAULT: u64 = 365 * 86_400;
const FILE: &str = "settings.json";

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("read or write {0}")]
    Io(PathBuf, #[source] std::io::Error),
    #[error("read {0}: these are no settings of the administration")]
    Damaged(PathBuf),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    rotation_seconds: u64,
}

#[derive(Debug)]
pub(crate) struct Settings {
    path: PathBuf,
    kept: Mutex<Kept>,
}

impl Settings {
    /// Those of the state directory, the defaults when nothing was ever set.
    pub(crate) fn open(state: &Path) -> Result<Self, SettingsError> {
        let path = state.join(FILE);
        let text = files::read(&path).map_err(|source| SettingsError::Io(path.clone(), source))?;
        let kept = match text {
            None => Kept { rotation_seconds: ROTATION_DEFAULT },
            Some(text) => {
                let kept: Option<Kept> = serde_json::from_str(&text).ok();
                kept.filter(|kept| ROTATION_SECONDS.contains(&kept.rotation_seconds))
                    .ok_or_else(|| SettingsError::Damaged(path.clone()))?
            }
        };
        Ok(Self { path, kept: Mutex::new(kept) })
    }

    pub(crate) fn rotation(&self) -> u64 {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).rotation_seconds
    }

    /// On the disk first.
    pub(crate) fn set_rotation(&self, seconds: u64) -> Result<(), SettingsError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Kept { rotation_seconds: seconds };
        // One number: serialisation cannot fail.
        let text = serde_json::to_vec(&new).unwrap_or_default();
        files::write(&self.path, 0o600, &text)
            .map_err(|source| SettingsError::Io(self.path.clone(), source))?;
        *kept = new;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_that_was_set_outlives_the_role_and_a_spoiled_file_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::open(folder.path()).unwrap();
        assert_eq!(settings.rotation(), ROTATION_DEFAULT);
        settings.set_rotation(*ROTATION_SECONDS.start()).unwrap();
        assert_eq!(Settings::open(folder.path()).unwrap().rotation(), 604_800);
        for spoiled in ["{", "{\"rotation_seconds\":1}", "{\"rotation_seconds\":604800,\"more\":1}"] {
            std::fs::write(folder.path().join(FILE), spoiled).unwrap();
            assert!(matches!(Settings::open(folder.path()), Err(SettingsError::Damaged(_))), "{spoiled}");
        }
    }
}
