//! The page in a browser.

use super::support::{between, eventful, report, report_forged};
use crate::support::Ceremony;
use serde_json::Value;
use std::{fs, process::Command};

/// A browser that can be asked without a screen.
fn chromium() -> Option<&'static str> {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success()));
    assert!(found.is_some() || std::env::var_os("CI").is_none(), "in CI there must be a Chromium");
    found
}

#[test]
fn nothing_overflows_a_narrow_window_and_the_browser_refuses_nothing_of_the_page() {
    let Some(chromium) = chromium() else {
        println!("skipped: no Chromium is installed");
        return;
    };
    let ceremony = Ceremony::rehearse_file("runbooks/psf-tuf/ceremony.yaml").carry_out().exits(0);
    let long = "x".repeat(300);
    let with_long = |entries: &mut Vec<Value>| {
        for entry in entries.iter_mut().filter(|entry| entry["kind"] == "began") {
            entry["body"]["text"] = format!("{long} `{long}`").into();
        }
        entries[0]["body"]["title"] = long.clone().into();
    };
    let pages = [
        ("ceremony", report(&ceremony.folder()).0),
        ("eventful", report(&eventful().carry_out().exits(0).folder()).0),
        ("long words", report_forged(with_long)),
    ];
    for (name, page) in pages {
        for width in [360, 1280] {
            let (overflow, said) = measure(chromium, &page, width);
            assert_eq!(overflow, format!("{width}/{width} solid"), "{name} at {width}");
            assert!(!said.contains("Refused") && !said.contains("Content Security Policy"), "{said}");
        }
    }
}

/// Width of a page's content and of its window, and the border of the verdict: it has one only when the style sheet is taken.
fn measure(chromium: &str, page: &str, width: u32) -> (String, String) {
    let folder = tempfile::TempDir::new().unwrap();
    fs::write(folder.path().join("page.html"), page).unwrap();
    // A window cannot be as narrow as a telephone, a frame can; the page itself runs no script.
    let frame = format!(
        "<body><iframe id=f src=page.html style='width:{width}px;height:900px;border:0'></iframe><p id=p></p>
         <script>f.onload = () => {{
             const d = f.contentDocument, e = d.documentElement;
             const s = f.contentWindow.getComputedStyle(d.querySelector('.verdict')).borderTopStyle;
             p.textContent = e.scrollWidth + '/' + e.clientWidth + ' ' + s;
         }}</script>"
    );
    fs::write(folder.path().join("frame.html"), frame).unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--allow-file-access-from-files"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=5000", "--window-size=1400,1000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", folder.path().join("frame.html").display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    (between(&dom, "<p id=\"p\">", "</p>").to_string(), String::from_utf8_lossy(&output.stderr).into_owned())
}
