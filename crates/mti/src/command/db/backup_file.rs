//! The file of a backup: lines of JSON, so that every kind of database can be filled from it, and other programs can
//! read it. It begins with what it is, ends with what it holds, and has the rows of one table after another between.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};

use mti_data::{ModelSchema, Row};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The form of the files that this program writes.
const FORMAT: u64 = 1;

/// How many bytes a line has at most: more than any row.
const LONGEST_LINE: u64 = 64 << 20;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Line {
    /// The first one.
    Backup(Header),
    /// A table begins.
    Table(TableStart),
    /// A row of it.
    Row(Row),
    /// The last one.
    End(Summary),
}

/// What a file is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Header {
    /// The form of the file.
    format: u64,
    /// The app whose rows it holds.
    pub(super) app_id: String,
    /// The same with its version.
    app_key: String,
    /// The program that wrote it.
    program: String,
    /// When, in milliseconds since 1970.
    written_at: u64,
    /// What the models were, for readers.
    tables: Value,
}

/// The beginning of a table.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TableStart {
    /// The model's fullName.
    pub(super) model: String,
    /// The largest number that it has assigned as a key.
    pub(super) assigned: i64,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Summary {
    /// Its tables, in order.
    pub(super) tables: Vec<TableRows>,
    /// How many rows there are in all.
    pub(super) rows: u64,
    /// The SHA-256 of everything before this line.
    sha256: String,
}

/// How many rows a table has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TableRows {
    /// The model's fullName.
    pub(super) model: String,
    /// How many.
    pub(super) rows: u64,
}

impl Header {
    pub(super) fn new<'a>(
        app_key: &mti_core::AppKey,
        written_at: u64,
        schemas: impl Iterator<Item = &'a ModelSchema>,
    ) -> Self {
        Self {
            format: FORMAT,
            app_id: app_key.id.to_string(),
            app_key: app_key.to_string(),
            program: concat!("mti ", env!("CARGO_PKG_VERSION")).to_owned(),
            written_at,
            tables: schemas.map(described).collect(),
        }
    }
}

fn described(schema: &ModelSchema) -> Value {
    let fields = schema.fields().iter().map(|field| {
        let mut described = json!({ "name": field.name, "dataType": field.data_type.name() });
        if field.primary_key {
            described["primaryKey"] = Value::Bool(true);
        }
        described
    });
    let combinations = |unique: bool| -> Value {
        schema.constraints().iter().filter(|at| at.unique == unique).map(|at| at.fields.clone()).collect()
    };
    json!({
        "model": schema.model(),
        "fields": fields.collect::<Value>(),
        "uniqueList": combinations(true),
        "indexList": combinations(false),
    })
}

/// A file that is being written. What is not ended is removed again.
pub(super) struct Writer {
    path: PathBuf,
    file: BufWriter<File>,
    sum: Sha256,
    tables: Vec<TableRows>,
    is_ended: bool,
}

impl Writer {
    /// Makes the file, which must not be there yet, for the eyes of its owner only.
    pub(super) fn create(path: &Path, header: Header) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = BufWriter::new(options.open(path)?);
        let path = path.to_path_buf();
        let mut writer = Self { path, file, sum: Sha256::new(), tables: Vec::new(), is_ended: false };
        writer.write(&Line::Backup(header))?;
        Ok(writer)
    }

    /// Begins a table.
    pub(super) fn table(&mut self, model: &str, assigned: i64) -> io::Result<()> {
        self.tables.push(TableRows { model: model.to_owned(), rows: 0 });
        self.write(&Line::Table(TableStart { model: model.to_owned(), assigned }))
    }

    /// Adds a row to the table that was begun last.
    pub(super) fn row(&mut self, row: Row) -> io::Result<()> {
        if let Some(table) = self.tables.last_mut() {
            table.rows += 1;
        }
        self.write(&Line::Row(row))
    }

    /// Ends the file and waits until it is on the disk.
    pub(super) fn end(mut self) -> io::Result<Summary> {
        let sha256 = hexadecimal(&std::mem::take(&mut self.sum).finalize());
        let rows = self.tables.iter().map(|table| table.rows).sum();
        let summary = Summary { tables: std::mem::take(&mut self.tables), rows, sha256 };
        self.write(&Line::End(summary.clone()))?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        self.is_ended = true;
        Ok(summary)
    }

    fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.sum.update(&text);
        self.file.write_all(&text)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.is_ended {
            // It is not ended, which a reader notices should it stay.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// A file that is being read, line by line. Whatever is not as a backup has to be is an error that names the line.
pub(super) struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    sum: Sha256,
    line: u64,
    tables: Vec<TableRows>,
    summary: Option<Summary>,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[error("`{}`{}: {message}", .path.display(), .line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub(super) struct BadBackup {
    path: PathBuf,
    line: Option<u64>,
    message: String,
}

impl Reader {
    /// Opens the file and reads what it is.
    pub(super) fn open(path: &Path) -> Result<(Self, Header), BadBackup> {
        let bad = |message: String| BadBackup { path: path.to_path_buf(), line: None, message };
        let file = File::open(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
        let mut reader = Self {
            path: path.to_path_buf(),
            file: BufReader::new(file),
            sum: Sha256::new(),
            line: 0,
            tables: Vec::new(),
            summary: None,
        };
        let text = reader.text()?;
        let first: Value = serde_json::from_slice(&text).unwrap_or_default();
        match first.pointer("/backup/format").and_then(Value::as_u64) {
            None => return Err(bad("is no backup that `mti db backup` made".to_owned())),
            Some(format) if format > FORMAT => {
                return Err(bad(format!(
                    "has format {format}, this program knows format {FORMAT}: restore it with the newer program that \
                     made it"
                )));
            }
            Some(_) => {}
        }
        match serde_json::from_value(first) {
            Ok(Line::Backup(header)) => Ok((reader, header)),
            _ => Err(reader.bad("is not how a backup begins")),
        }
    }

    /// The next line between the first and the last; `None` when all of them have been read, and are as they were
    /// written.
    pub(super) fn next(&mut self) -> Result<Option<Line>, BadBackup> {
        let before = self.sum.clone();
        let text = self.text()?;
        if text.is_empty() {
            return Err(self.bad("the file ends before its end: the backup was broken off, or the file was cut"));
        }
        let line =
            serde_json::from_slice(&text).map_err(|_| self.bad("is no line of a backup: the file is damaged"))?;
        match &line {
            Line::Backup(_) => return Err(self.bad("is the beginning of another backup")),
            Line::Table(start) => self.tables.push(TableRows { model: start.model.clone(), rows: 0 }),
            Line::Row(_) => match self.tables.last_mut() {
                Some(table) => table.rows += 1,
                None => return Err(self.bad("is a row without a table")),
            },
            Line::End(summary) => {
                if summary.sha256 != hexadecimal(&before.finalize()) || summary.tables != self.tables {
                    return Err(self.bad("what comes before it is not what was written: the file is damaged"));
                }
                if !self.text()?.is_empty() {
                    return Err(self.bad("stands behind the end of the backup"));
                }
                self.summary = Some(summary.clone());
                return Ok(None);
            }
        }
        Ok(Some(line))
    }

    /// What the file holds, once all of it has been read.
    pub(super) fn into_summary(self) -> Result<Summary, BadBackup> {
        let unread = self.bad("has not been read to its end");
        self.summary.ok_or(unread)
    }

    /// The mistake of a line.
    pub(super) fn bad(&self, message: impl Into<String>) -> BadBackup {
        BadBackup { path: self.path.clone(), line: Some(self.line), message: message.into() }
    }

    /// The text of the next line, empty at the end of the file.
    fn text(&mut self) -> Result<Vec<u8>, BadBackup> {
        self.line += 1;
        let mut text = Vec::new();
        let read = self.file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut text);
        read.map_err(|error| self.bad(format!("cannot be read: {error}")))?;
        if text.len() as u64 == LONGEST_LINE {
            return Err(self.bad("is longer than any line of a backup"));
        }
        self.sum.update(&text);
        Ok(text)
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
