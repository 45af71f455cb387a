//! Where a step's files are to go: looked at before the device is touched.

use crate::files::Place;
use officiant_engine::{
    conduct::{Failure, Stage},
    record::{FileRecord, Folder},
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The place of a new product whose bytes the device tells: a file that is there already is compared with them, for a person who
/// finds it has to know whether it is the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    product: String,
    /// The file that is there already.
    held: Option<PathBuf>,
}

impl Target {
    /// The place, below `products/`.
    ///
    /// # Errors
    /// `path`; `exists` when what is there is no file.
    pub(crate) fn of(stage: &Stage<'_>, path: &str) -> Result<Self, Failure> {
        let product = Place::product(path)?;
        let full = Place::Product(format!("products/{product}")).full(stage)?;
        if full.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            return Ok(Self { product, held: Some(full) });
        }
        Ok(Self { product: vacant(stage, path)?, held: None })
    }

    /// Makes sure that nothing is in the way.
    ///
    /// # Errors
    /// `exists`, with whether it is the same.
    pub(crate) fn free(&self, bytes: &[u8]) -> Result<(), Failure> {
        let Some(held) = &self.held else { return Ok(()) };
        let name = format!("`products/{}`", self.product);
        Err(match fs::read(held) {
            Ok(held) if held == bytes => Failure::new("exists", format!("{name} is there already, and is the same"))
                .next("go on without this step if the file is the one that was wanted; else move it away yourself"),
            Ok(_) => Failure::new("exists", format!("{name} is there already, and is not the same"))
                .next("look at it; move it away yourself if it does not belong there"),
            Err(error) => Failure::new("exists", format!("{name} is there already, and cannot be read: {error}"))
                .next("look at it; move it away yourself if it does not belong there"),
        })
    }

    /// Writes the product.
    ///
    /// # Errors
    /// `exists`, with whether it is the same.
    pub(crate) fn write(&self, stage: &mut Stage<'_>, bytes: &[u8]) -> Result<FileRecord, Failure> {
        self.free(bytes)?;
        stage.product(&self.product, bytes)
    }
}

/// The place of a new product, below `products/`, if it can be made there and where products are copied to.
///
/// # Errors
/// `path`, `exists`.
pub(crate) fn vacant(stage: &Stage<'_>, path: &str) -> Result<String, Failure> {
    let product = Place::product(path)?;
    free(&Place::Product(format!("products/{product}")).full(stage)?)?;
    if let Some(copies) = &stage.bindings().products {
        let copy = Folder::open(Path::new(copies)).resolve(&product);
        free(&copy.map_err(|error| Failure::new("path", error.to_string()))?)?;
    }
    Ok(product)
}

/// The place of a new folder of products: nothing is there, or nothing but the folders that a break left.
///
/// # Errors
/// `path`, `exists`.
pub(crate) fn vacant_folder(stage: &Stage<'_>, path: &str) -> Result<String, Failure> {
    let failure = match vacant(stage, path) {
        Err(failure) if failure.code == "exists" => failure,
        other => return other,
    };
    let product = Place::product(path)?;
    let full = Place::Product(format!("products/{product}")).full(stage)?;
    if full.is_dir() && holds_no_file(&full) { Ok(product) } else { Err(failure) }
}

fn holds_no_file(folder: &Path) -> bool {
    let Ok(mut entries) = fs::read_dir(folder) else { return false };
    entries.all(|entry| {
        entry.is_ok_and(|entry| entry.file_type().is_ok_and(|it| it.is_dir()) && holds_no_file(&entry.path()))
    })
}

fn free(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Failure::new("exists", format!("`{}` exists already, and nothing is ever replaced", path.display()))
        .next("look at it; move it away yourself if it does not belong there"))
}
