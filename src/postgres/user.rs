//! Who the server runs as. PostgreSQL refuses root, so a Holdfast started by root gives its server
//! to an unprivileged user; anybody else's server simply runs as themselves.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Gid, Uid, User};

use super::error::Error;

/// The user that runs the server and owns its files.
#[derive(Debug, Clone)]
pub(super) struct RunAs {
    name: String,
    uid: Uid,
    gid: Gid,
    /// Whether this differs from who we are, so that children and files must be handed over.
    switch: bool,
}

impl RunAs {
    /// Chooses the user for the cluster in `cluster_dir` below `data_dir`.
    ///
    /// An ordinary user can only be themselves. For root: the cluster's owner, else the data
    /// directory's owner, else `postgres`, else `nobody`.
    pub(super) fn choose(data_dir: &Path, cluster_dir: &Path) -> Result<Self, Error> {
        let me = Uid::effective();
        let cluster_owner = owner_of(cluster_dir);
        if !me.is_root() {
            return match cluster_owner {
                Some(owner) if owner != me => Err(wrong_owner(cluster_dir)),
                _ => Ok(Self { name: name_of(me), uid: me, gid: Gid::effective(), switch: false }),
            };
        }
        let not_root = |uid: &Uid| !uid.is_root();
        [cluster_owner, owner_of(data_dir)]
            .into_iter()
            .flatten()
            .filter(not_root)
            .find_map(|uid| User::from_uid(uid).ok().flatten())
            .or_else(|| ["postgres", "nobody"].into_iter().find_map(|it| User::from_name(it).ok().flatten()))
            .map(|user| Self { name: user.name, uid: user.uid, gid: user.gid, switch: true })
            .ok_or(Error::NoUser)
    }

    /// Checks that the user can enter `wanted` and every directory above it, as far as they exist.
    pub(super) fn check_reach(&self, wanted: &Path) -> Result<(), Error> {
        if !self.switch {
            return Ok(());
        }
        let chain: Vec<&Path> = wanted.ancestors().collect();
        match chain.into_iter().rev().find(|dir| self.shut_out(dir)) {
            None => Ok(()),
            Some(blocked) => Err(Error::Unreachable {
                user: self.name.clone(),
                blocked: blocked.to_owned(),
                wanted: wanted.to_owned(),
            }),
        }
    }

    /// Children carry no supplementary groups, so owner, group and others say it all.
    fn shut_out(&self, dir: &Path) -> bool {
        let Ok(meta) = fs::metadata(dir) else { return false };
        let needed = if meta.uid() == self.uid.as_raw() {
            0o100
        } else if meta.gid() == self.gid.as_raw() {
            0o010
        } else {
            0o001
        };
        meta.mode() & needed == 0
    }

    /// Makes `command` run as this user.
    pub(super) fn apply(&self, command: &mut Command) {
        if self.switch {
            // Supplementary groups are dropped by the standard library when root changes the uid.
            command.uid(self.uid.as_raw()).gid(self.gid.as_raw());
        }
    }

    /// Hands a file or directory over to this user. A link is not followed: the directory it lies
    /// in may belong to somebody who must not be given other files by root.
    pub(super) fn give(&self, path: &Path) -> Result<(), Error> {
        if !self.switch {
            return Ok(());
        }
        lchown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
            .map_err(Error::io("hand over to the server's user", path))
    }

    /// Makes sure that the directory exists, is private (mode 0700) and belongs to this user.
    pub(super) fn private_dir(&self, dir: &Path) -> Result<(), Error> {
        match fs::DirBuilder::new().mode(0o700).create(dir) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(Error::io("create the directory", dir)(error));
            }
            _ => {}
        }
        let meta = fs::symlink_metadata(dir).map_err(Error::io("look at", dir))?;
        if !meta.is_dir() {
            return Err(Error::io("use as a directory", dir)(ErrorKind::NotADirectory.into()));
        }
        if meta.mode() & 0o077 != 0 {
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
                .map_err(Error::io("make private the directory", dir))?;
        }
        self.give(dir)
    }
}

/// The refusal of a directory that belongs to somebody else.
pub(super) fn wrong_owner(dir: &Path) -> Error {
    let owner = owner_of(dir).map_or_else(|| "unknown".to_owned(), name_of);
    Error::WrongOwner { dir: dir.to_owned(), owner }
}

fn owner_of(path: &Path) -> Option<Uid> {
    fs::metadata(path).ok().map(|meta| Uid::from_raw(meta.uid()))
}

fn name_of(uid: Uid) -> String {
    User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

/// Where Holdfast keeps its data unless `HOLDFAST_DATA_DIR` says otherwise: `/var/lib/holdfast`
/// for root (whose home the server's unprivileged user could not enter), for others
/// `$XDG_DATA_HOME/holdfast`, else `~/.local/share/holdfast`, else `./data` for a user without a home.
pub fn default_data_dir() -> PathBuf {
    if Uid::effective().is_root() {
        return PathBuf::from("/var/lib/holdfast");
    }
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    if let Some(base) = absolute("XDG_DATA_HOME") {
        return base.join("holdfast");
    }
    absolute("HOME").map_or_else(|| PathBuf::from("data"), |home| home.join(".local/share/holdfast"))
}
