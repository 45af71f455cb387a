//! What virtual readers are made of: programs and a driver that are installed, or not.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Where the drivers of readers are, by system; those of serial readers, such as vpcd's, are in `serial/` below.
const DRIVERS: [&str; 4] =
    ["/usr/lib/pcsc/drivers", "/usr/lib64/pcsc/drivers", "/usr/local/lib/pcsc/drivers", "/usr/lib/pcsc-lite/drivers"];

/// The programs and the driver that were found.
pub struct Prerequisites {
    /// Makes the namespace.
    pub unshare: PathBuf,
    /// Lets the service end with this process.
    pub setpriv: PathBuf,
    /// The service.
    pub pcscd: PathBuf,
    /// vpcd's driver.
    pub driver: PathBuf,
    /// The folders whose drivers the service must not find.
    pub hidden: Vec<PathBuf>,
}

/// Looks for all of them.
///
/// # Errors
/// Names every one that is missing, with its Debian package.
pub fn find() -> Result<Prerequisites, String> {
    let mut missing = Vec::new();
    let mut need = |found: Option<PathBuf>, what: &str, package: &'static str| {
        if found.is_none() {
            missing.push((what.to_owned(), package));
        }
        found.unwrap_or_default()
    };
    let hidden: Vec<PathBuf> = DRIVERS.iter().filter_map(|folder| fs::canonicalize(folder).ok()).collect();
    let driver = hidden.iter().map(|folder| folder.join("serial/libifdvpcd.so")).find(|path| path.is_file());
    let prerequisites = Prerequisites {
        pcscd: need(program("pcscd"), "pcscd", "pcscd"),
        driver: need(driver, "libifdvpcd.so", "vsmartcard-vpcd"),
        unshare: need(program("unshare"), "unshare", "util-linux"),
        setpriv: need(program("setpriv"), "setpriv", "util-linux"),
        hidden,
    };
    if missing.is_empty() {
        return Ok(prerequisites);
    }
    let what: Vec<String> = missing.iter().map(|(what, _)| what.clone()).collect();
    let mut packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    Err(format!(
        "virtual YubiKeys need virtual card readers, and for those there is no {}; install it: apt-get install {}, or what \
         your system calls that",
        what.join(" and no "),
        packages.join(" ")
    ))
}

/// A program on PATH, or where services are, which is not on everybody's PATH.
fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| is_program(path)).and_then(|path| fs::canonicalize(path).ok())
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
