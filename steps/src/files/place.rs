//! Where a path in a runbook leads: below the ceremony folder's `products/`, or anywhere when it is absolute.

use officiant_engine::{
    conduct::{Failure, Stage},
    record::{Folder, FolderError},
};
use schemars::Schema;
use std::path::{Component, Path, PathBuf};

/// The place of a file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Below the ceremony folder, from `products` on, with `/` between the parts.
    Product(String),
    /// An absolute path, for example on a flash stick.
    Outside(PathBuf),
}

impl Place {
    /// The place of a path; a relative one may have `products/` in front of it, as the record writes it.
    pub(crate) fn of(path: &str) -> Result<Self, Failure> {
        let parts = || Path::new(path).components();
        let plain = parts().all(|part| matches!(part, Component::Normal(_) | Component::RootDir));
        if path.is_empty() || !plain || path.chars().any(char::is_control) {
            return Err(no_path(path));
        }
        if Path::new(path).is_absolute() {
            // The parts, so that `/a//b/` and `/a/b` are one.
            return Ok(Self::Outside(parts().collect()));
        }
        let parts: Vec<_> = parts().filter_map(|part| part.as_os_str().to_str()).collect();
        let path = parts.join("/");
        Ok(Self::Product(if parts.first() == Some(&"products") { path } else { format!("products/{path}") }))
    }

    /// The place of a new product, as [`Stage::product`] wants it: below `products/`.
    pub(crate) fn product(path: &str) -> Result<String, Failure> {
        match Self::of(path)? {
            Self::Product(product) => {
                product.strip_prefix("products/").map(str::to_string).ok_or_else(|| no_path(path))
            }
            Self::Outside(_) => {
                Err(Failure::new("path", format!("`{path}` is absolute; products are made below `products/`"))
                    .next("make the path relative in the runbook"))
            }
        }
    }

    /// Where it is on this machine; below the ceremony folder no symbolic link leads there.
    pub(crate) fn full(&self, stage: &Stage<'_>) -> Result<PathBuf, Failure> {
        match self {
            Self::Product(path) => Folder::open(stage.folder()).resolve(path).map_err(|error| failure(&error)),
            Self::Outside(path) => Ok(path.clone()),
        }
    }

    /// The place of something below it, with `/` between the parts.
    pub(crate) fn join(&self, below: &str) -> Self {
        match self {
            Self::Product(path) => Self::Product(format!("{path}/{below}")),
            Self::Outside(path) => Self::Outside(path.join(below)),
        }
    }

    /// As the record and people write it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Product(path) => path.clone(),
            Self::Outside(path) => path.display().to_string(),
        }
    }
}

/// Marks an argument that names a place in its schema: a relative path is one of this machine's when the step is performed by
/// itself.
pub(crate) fn folder_mark(schema: &mut Schema) {
    schema.insert("x-folder".to_string(), true.into());
}

fn no_path(path: &str) -> Failure {
    Failure::new(
        "path",
        format!("{path:?} does not say where: a path has no `..`, is absolute, or is below the ceremony's `products/`"),
    )
    .next("correct the path in the runbook")
}

/// What the ceremony folder refused.
pub(super) fn failure(error: &FolderError) -> Failure {
    match error {
        FolderError::Escapes(path) => {
            Failure::new("path", format!("`{path}` leaves the ceremony folder, or a symbolic link is part of it"))
                .next("correct the path, or put the file itself where the link is")
        }
        FolderError::Exists(path) => Failure::new("exists", error.to_string())
            .next(format!("look at `{path}`; move it away yourself if it does not belong there")),
        FolderError::Io { .. } => {
            Failure::new("file", error.to_string()).next("see that the disk is there, readable, writable and not full")
        }
    }
}

/// What the file system said about a path.
pub(super) fn io_failure(path: &str, error: &std::io::Error) -> Failure {
    Failure::new("file", format!("`{path}`: {error}"))
        .next("see that the disk is there, readable, writable and not full")
}

#[cfg(test)]
mod tests {
    use super::Place;
    use std::path::PathBuf;

    #[test]
    fn a_relative_path_is_below_products_and_an_absolute_one_is_itself() {
        let product = |path: &str| Ok(Place::Product(path.to_string()));
        assert_eq!(Place::of("key.pem"), product("products/key.pem"));
        assert_eq!(Place::of("products/a/key.pem"), product("products/a/key.pem"));
        assert_eq!(Place::of("a//b/"), product("products/a/b"));
        assert_eq!(Place::of("products"), product("products"));
        assert_eq!(Place::of("/media//stick/a/"), Ok(Place::Outside(PathBuf::from("/media/stick/a"))));
    }

    #[test]
    fn a_path_that_climbs_or_hides_something_is_refused() {
        for path in ["", "..", "../x", "a/../../x", "/a/../b", "./x", "a\nb", "a\u{1b}[2J", "a\0b"] {
            assert!(Place::of(path).is_err_and(|failure| failure.code == "path"), "{path:?}");
        }
        for path in ["products", "/etc/passwd", "products/.."] {
            assert!(Place::product(path).is_err_and(|failure| failure.code == "path"), "{path:?}");
        }
        assert_eq!(Place::product("products/a").as_deref(), Ok("a"));
    }
}
