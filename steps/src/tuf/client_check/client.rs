//! `tough` at work, without a network.

use super::{reach::LARGEST, step::Fetched};
use officiant_engine::record::digest_hex;
use std::{error::Error, fs, path::Path};
use tough::{ExpirationEnforcement, FilesystemTransport, IntoVec, Limits, RepositoryLoader, TargetName};
use url::Url;

/// The largest target that is fetched, in bytes: it is held in memory.
const LARGEST_TARGET: u64 = 1024 * 1024 * 1024;

/// What the client made of a repository.
pub(super) struct Loaded {
    /// Versions of root, timestamp, snapshot and targets.
    pub(super) versions: [u64; 4],
    pub(super) targets: u64,
    pub(super) fetched: Option<Fetched>,
}

/// Loads a repository with a trusted root, and fetches a target. With `expiry`, what has expired by now is refused.
///
/// # Errors
/// What the client said, as a clause.
pub(super) fn load(
    root: &[u8],
    metadata: &Path,
    targets: &Path,
    name: Option<&str>,
    expiry: bool,
) -> Result<Loaded, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("nothing can be run here: {error}"))?;
    runtime.block_on(run(root, metadata, targets, name, expiry))
}

async fn run(root: &[u8], metadata: &Path, targets: &Path, name: Option<&str>, expiry: bool) -> Result<Loaded, String> {
    let datastore = tempfile::tempdir().map_err(|error| format!("there is no place for a client's cache: {error}"))?;
    let limits = Limits {
        max_root_size: LARGEST,
        max_targets_size: LARGEST,
        max_timestamp_size: LARGEST,
        max_snapshot_size: LARGEST,
        ..Limits::default()
    };
    let enforced = if expiry { ExpirationEnforcement::Safe } else { ExpirationEnforcement::Unsafe };
    let cache = datastore.path().join("cache");
    let shelf = datastore.path().join("targets");
    for folder in [&cache, &shelf] {
        fs::create_dir(folder).map_err(|error| format!("there is no place for a client's cache: {error}"))?;
    }
    let repository = RepositoryLoader::new(&root, url(metadata)?, url(&shelf)?)
        .transport(FilesystemTransport)
        .limits(limits)
        .datastore(cache)
        .expiration_enforcement(enforced)
        .load()
        .await
        .map_err(|error| told(&error))?;
    let versions = [
        repository.root().signed.version,
        repository.timestamp().signed.version,
        repository.snapshot().signed.version,
        repository.targets().signed.version,
    ];
    let fetched = match name {
        None => None,
        Some(name) => {
            let wanted = TargetName::new(name).map_err(|error| told(&error))?;
            let found = repository.all_targets().find(|(held, _)| **held == wanted).map(|(_, target)| target);
            let found = found.ok_or_else(|| format!("there is no target {name:?}"))?;
            if found.length > LARGEST_TARGET {
                return Err(format!("the target {name:?} has {} bytes, too many to be fetched here", found.length));
            }
            let hash = repository.root().signed.consistent_snapshot.then(|| hex::encode(&found.hashes.sha256));
            let place = shelve(targets, &shelf, wanted.resolved(), hash.as_deref())?;
            let stream = repository.read_target(&wanted).await.map_err(|error| told(&error))?;
            let stream = stream.ok_or_else(|| format!("the target {name:?} is not there"))?;
            let bytes = stream.into_vec().await.map_err(|error| told(&error))?;
            Some(Fetched { name: name.to_string(), place, length: bytes.len() as u64, sha256: digest_hex(&bytes) })
        }
    };
    Ok(Loaded { versions: versions.map(u64::from), targets: repository.all_targets().count() as u64, fetched })
}

/// Lets the client find a target where it looks for it, and says where it is below `targets`.
///
/// The specification (6.1) has the digest before the name of the file, `packages/DIGEST.a.whl`; `tough` looks for it before the
/// whole path, `DIGEST.packages/a.whl`. Either will do.
fn shelve(targets: &Path, shelf: &Path, name: &str, hash: Option<&str>) -> Result<String, String> {
    let (folder, file) = name.rsplit_once('/').map_or(("", name), |(folder, file)| (folder, file));
    let wanted = hash.map_or_else(|| name.to_string(), |hash| format!("{hash}.{name}"));
    let specified = match (hash, folder) {
        (None, _) | (_, "") => wanted.clone(),
        (Some(hash), folder) => format!("{folder}/{hash}.{file}"),
    };
    let place = [&specified, &wanted].into_iter().find(|place| targets.join(place).is_file());
    let place = place.ok_or_else(|| format!("there is no file `{specified}` in `{}`", targets.display()))?;
    let link = || {
        let link = shelf.join(&wanted);
        link.parent().map_or(Ok(()), fs::create_dir_all)?;
        std::os::unix::fs::symlink(std::path::absolute(targets.join(place))?, link)
    };
    link().map_err(|error| format!("the target {name:?} cannot be shown to the client: {error}"))?;
    Ok(place.clone())
}

fn url(folder: &Path) -> Result<Url, String> {
    // A ceremony folder may be named from where the program is.
    let whole = std::path::absolute(folder).map_err(|error| format!("`{}`: {error}", folder.display()))?;
    Url::from_directory_path(whole).map_err(|()| format!("`{}` is no path of a folder", folder.display()))
}

/// An error with all its causes.
fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told.push_str(": ");
        told.push_str(&error.to_string());
        cause = error.source();
    }
    told
}
