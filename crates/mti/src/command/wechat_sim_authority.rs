use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mti_element::Secret;
use mti_wechat_sim::TestAuthority;
use tempfile::TempDir;

use crate::exit::CommandError;

const CERTIFICATE: &str = "ca.pem";
const KEY: &str = "ca-key.pem";

/// The test authority of a simulator with TLS, and the file in which clients find its certificate.
pub(crate) struct KeptAuthority {
    pub(crate) authority: Arc<TestAuthority>,
    pub(crate) certificate: PathBuf,
    /// Goes away with the command.
    _directory: Option<TempDir>,
}

impl KeptAuthority {
    /// One for this run: its key is in no file.
    pub(crate) fn for_this_run() -> Result<Self, CommandError> {
        let authority = TestAuthority::generate()?;
        let directory = tempfile::Builder::new().prefix("mti-wechat-sim-").tempdir();
        let directory = directory.map_err(|error| cannot_write(&std::env::temp_dir(), &error))?;
        let certificate = directory.path().join(CERTIFICATE);
        write(&certificate, authority.certificate_pem(), 0o644)?;
        Ok(Self { authority: Arc::new(authority), certificate, _directory: Some(directory) })
    }

    /// The one in a directory, made there if there is none.
    pub(crate) fn in_directory(directory: &Path) -> Result<Self, CommandError> {
        fs::create_dir_all(directory).map_err(|error| cannot_write(directory, &error))?;
        let (certificate, key) = (directory.join(CERTIFICATE), directory.join(KEY));
        let authority = match (read(&certificate)?, read(&key)?) {
            (Some(certificate), Some(key)) => TestAuthority::from_pem(certificate, &Secret::new(key))?,
            (None, None) => {
                let authority = TestAuthority::generate()?;
                write(&key, authority.key_pem().reveal(), 0o600)?;
                write(&certificate, authority.certificate_pem(), 0o644)?;
                authority
            }
            (found, _) => {
                let (there, missing) = if found.is_some() { (&certificate, &key) } else { (&key, &certificate) };
                return Err(CommandError::usage(format!(
                    "there is `{}` but no `{}`: remove the former, or name another directory",
                    there.display(),
                    missing.display()
                )));
            }
        };
        Ok(Self { authority: Arc::new(authority), certificate, _directory: None })
    }
}

fn read(path: &Path) -> Result<Option<String>, CommandError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CommandError::usage(format!("cannot read `{}`: {error}", path.display()))),
    }
}

/// Writes a new file: of two commands that begin at once, one does.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), CommandError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> CommandError {
    CommandError::usage(format!("cannot write `{}`: {error}", path.display()))
}
