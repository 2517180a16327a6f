//! Output on its way: written next to its place, or kept until its stream may have it.

use super::place::Place;
use super::{to_stdout, unplaced};
use crate::cli::failure::Failure;
use crate::cli::files::Floats;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, SpooledTempFile};

/// Number of bytes for a stream that are kept in memory; with more, all go to a temporary file.
const KEPT_IN_MEMORY: usize = 64 << 20;

/// Output that is not yet in its place.
#[derive(Debug)]
pub(crate) struct Staged {
    /// Name of the output on the command line.
    path: PathBuf,
    place: Place,
    content: Content,
}

#[derive(Debug)]
enum Content {
    BesidePlace(NamedTempFile),
    Kept(SpooledTempFile),
}

impl Staged {
    /// Makes an output that begins with these bytes.
    pub(super) fn new(path: &Path, place: &Place, start: &[u8]) -> Result<Self, Failure> {
        let content = match place {
            Place::File(file) => unplaced::make(|| new_file_beside(file))
                .map(Content::BesidePlace)
                .map_err(|error| Failure::system("write", path, &error))?,
            _ => Content::Kept(SpooledTempFile::new(KEPT_IN_MEMORY)),
        };
        let mut staged = Self {
            path: path.to_owned(),
            place: place.clone(),
            content,
        };
        staged.written(|writer| writer.write_all(start))?;
        Ok(staged)
    }

    /// Writes the next floats.
    pub(super) fn floats(&mut self, values: &Floats) -> Result<(), Failure> {
        self.written(|mut writer| values.write(&mut writer))
    }

    fn written(
        &mut self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let written = match &mut self.content {
            Content::BesidePlace(file) => write(file),
            Content::Kept(kept) => write(kept),
        };
        written.map_err(|error| Failure::system("write", &self.path, &error))
    }

    /// Writes to a stream what was kept for it.
    pub(super) fn stream(&mut self) -> Result<(), Failure> {
        let Content::Kept(kept) = &mut self.content else {
            return Ok(());
        };
        let cannot = |error| Failure::system("write", &self.path, &error);
        kept.rewind().map_err(cannot)?;
        if self.place == Place::Stdout {
            return to_stdout(|stdout| io::copy(kept, stdout).map(drop));
        }
        let stream = File::options().write(true).open(&self.path);
        let mut stream = stream.map_err(cannot)?;
        io::copy(kept, &mut stream).map(drop).map_err(cannot)
    }

    /// Moves a file into its place.
    pub(super) fn rename(self) -> Result<(), Failure> {
        let (Content::BesidePlace(file), Place::File(place)) = (self.content, self.place) else {
            return Ok(());
        };
        match file.persist(place) {
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::system("write", &self.path, &error.error)),
        }
    }
}

/// Makes a file next to `place`, with the mode of the file that it will replace, or that of any new file.
fn new_file_beside(place: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".wgpu-softmax-");
    let folder = place.parent().unwrap_or(Path::new("."));
    let Ok(old) = fs::metadata(place) else {
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        return builder.tempfile_in(folder);
    };
    let file = builder.tempfile_in(folder)?;
    inherit(file.as_file(), &old);
    Ok(file)
}

/// Gives a file that nobody else can open yet the owner and the mode of another, as far as the system lets us. A group that
/// is not the other's gets nothing.
#[cfg(unix)]
fn inherit(file: &File, old: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let _kept = fchown(file, Some(old.uid()), None);
    let same_group = fchown(file, None, Some(old.gid())).is_ok();
    let mode = old.mode() & if same_group { 0o777 } else { 0o707 };
    let _kept = file.set_permissions(fs::Permissions::from_mode(mode));
}

#[cfg(not(unix))]
fn inherit(_file: &File, _old: &fs::Metadata) {}
