//! What virtual readers are made of: programs and a driver that are installed, or not.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where the drivers of readers are, by system; those of serial readers, such as vpcd's, are in `serial/` below.
const DRIVERS: [&str; 3] = ["/usr/lib/pcsc/drivers", "/usr/lib64/pcsc/drivers", "/usr/local/lib/pcsc/drivers"];
/// What pcscd's `--version` puts before the folder where this one looks for drivers.
const FOLDER: &str = "usbdropdir=";
/// Lets pcscd take every client that reaches its socket; only versions from 2.0 on have it, and need it where they were built
/// with polkit, which cannot be asked in the namespace.
const WITHOUT_POLKIT: &str = "--disable-polkit";

/// The programs and the driver that were found.
pub struct Prerequisites {
    /// Makes the namespace.
    pub unshare: PathBuf,
    /// Lets the service end with this process.
    pub setpriv: PathBuf,
    /// The service.
    pub pcscd: PathBuf,
    /// Its option [`WITHOUT_POLKIT`], or empty.
    pub without_polkit: &'static str,
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
    let pcscd = program("pcscd");
    let version = pcscd.as_deref().map(|it| says(it, "--version")).unwrap_or_default();
    let own = version.split_ascii_whitespace().find_map(|feature| feature.strip_prefix(FOLDER));
    let folders = own.into_iter().chain(DRIVERS).filter_map(|folder| fs::canonicalize(folder).ok());
    let hidden: Vec<PathBuf> = folders.collect::<BTreeSet<_>>().into_iter().collect();
    let driver = hidden.iter().map(|folder| folder.join("serial/libifdvpcd.so")).find(|path| path.is_file());
    let prerequisites = Prerequisites {
        without_polkit: pcscd
            .as_deref()
            .filter(|it| says(it, "--help").contains(WITHOUT_POLKIT))
            .map_or("", |_| WITHOUT_POLKIT),
        pcscd: need(pcscd, "pcscd", "pcscd"),
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

/// What a program says to an option; nothing if it cannot be run.
fn says(program: &Path, option: &str) -> String {
    let output = Command::new(program).arg(option).output();
    output.map(|it| String::from_utf8_lossy(&it.stdout).into_owned()).unwrap_or_default()
}
