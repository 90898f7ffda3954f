//! Stands in for hidapi in this workspace: the part of it that ctap-hid-fido2 uses, over the Unix sockets of software
//! keys. A key is a socket `NAME.NUMBER.hid` in the folder from which the program was started, as its first argument
//! says (a link to the program is enough). A report is 64 bytes either way.

use std::ffi::{CStr, CString, OsStr};
use std::io::{Read as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

const REPORT: usize = 64;
const FIDO_USAGE_PAGE: u16 = 0xf1d0;
const FIDO_USAGE: u16 = 0x01;

#[derive(Debug)]
pub struct HidError(pub std::io::Error);

impl From<std::io::Error> for HidError {
    fn from(error: std::io::Error) -> Self {
        Self(error)
    }
}

pub type HidResult<T> = Result<T, HidError>;

pub struct DeviceInfo {
    path: CString,
    product: String,
}

impl DeviceInfo {
    pub fn path(&self) -> &CStr {
        &self.path
    }
    pub fn product_string(&self) -> Option<&str> {
        Some(&self.product)
    }
    pub fn serial_number(&self) -> Option<&str> {
        None
    }
    pub fn vendor_id(&self) -> u16 {
        0
    }
    pub fn product_id(&self) -> u16 {
        0
    }
    pub fn usage_page(&self) -> u16 {
        FIDO_USAGE_PAGE
    }
    pub fn usage(&self) -> u16 {
        FIDO_USAGE
    }
}

pub struct HidApi(Vec<DeviceInfo>);

impl HidApi {
    pub fn new() -> HidResult<Self> {
        let program = PathBuf::from(std::env::args_os().next().unwrap_or_default());
        let mut devices = Vec::new();
        for entry in std::fs::read_dir(program.parent().unwrap_or(&program))? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some((name, _)) = name.strip_suffix(".hid").and_then(|name| name.rsplit_once('.')) else {
                continue;
            };
            if let Ok(path) = CString::new(path.as_os_str().as_bytes()) {
                devices.push(DeviceInfo { path, product: format!("Software key {name}") });
            }
        }
        devices.sort_by(|one, two| one.path.cmp(&two.path));
        Ok(Self(devices))
    }

    pub fn device_list(&self) -> impl Iterator<Item = &DeviceInfo> {
        self.0.iter()
    }

    pub fn open_path(&self, path: &CStr) -> HidResult<HidDevice> {
        Ok(HidDevice(UnixStream::connect(OsStr::from_bytes(path.to_bytes()))?))
    }
}

pub struct HidDevice(UnixStream);

impl HidDevice {
    /// The first byte is the number of the report, which does not travel.
    pub fn write(&self, data: &[u8]) -> HidResult<usize> {
        let report = data.get(1..=REPORT).ok_or(std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        (&self.0).write_all(report)?;
        Ok(data.len())
    }

    /// Blocks, as a hidraw device does; fails when the key was taken out.
    pub fn read(&self, buffer: &mut [u8]) -> HidResult<usize> {
        let report = buffer.get_mut(..REPORT).ok_or(std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        (&self.0).read_exact(report)?;
        Ok(REPORT)
    }
}
