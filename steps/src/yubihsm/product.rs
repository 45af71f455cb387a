//! Where a step's files are to go: looked at before the device is touched.

use crate::files::Place;
use officiant_engine::{
    conduct::{Failure, Stage},
    record::Folder,
};
use std::path::Path;

/// The place of a new product, below `products/`, if it can be made there and where products are copied to.
///
/// # Errors
/// `path`, `exists`.
pub(super) fn vacant(stage: &Stage<'_>, path: &str) -> Result<String, Failure> {
    let product = Place::product(path)?;
    free(&Place::Product(format!("products/{product}")).full(stage)?)?;
    if let Some(copies) = &stage.bindings().products {
        let copy = Folder::open(Path::new(copies)).resolve(&product);
        free(&copy.map_err(|error| Failure::new("path", error.to_string()))?)?;
    }
    Ok(product)
}

fn free(path: &Path) -> Result<(), Failure> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    Err(Failure::new("exists", format!("`{}` exists already, and nothing is ever replaced", path.display()))
        .next("look at it; move it away yourself if it does not belong there"))
}
