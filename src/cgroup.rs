//! Compares the container's memory limit with what the process needs.
//!
//! The kernel kills a process that exceeds its control group's limit, and the log shows no reason. So a limit that is
//! too low is logged at the start.

use std::fs;
use std::path::Path;

use bytesize::ByteSize;

use crate::config::Work;

/// What working takes besides bodies.
const WORKING: ByteSize = ByteSize::mib(64);

/// Version 1 has no word for "no limit"; it shows a number near the highest there is.
const NO_LIMIT: u64 = 1 << 60;

/// Warns if the container grants less than `work` may take.
pub(crate) fn warn_if_short(root: &Path, work: &Work) {
    if let Some((limit, needs)) = short(root, work) {
        let memory = work.buffer_memory;
        tracing::warn!(
            %limit,
            %needs,
            work.buffer_memory = %memory,
            "the container's memory limit is below 64 MiB and work.buffer_memory, so it may be killed: \
             raise the limit, or lower work.buffer_memory"
        );
    }
}

/// What is granted and what is needed, if that is more.
fn short(root: &Path, work: &Work) -> Option<(ByteSize, ByteSize)> {
    let needs = ByteSize(work.buffer_memory.0.saturating_add(WORKING.0));
    let limit = ByteSize(limit(root)?);
    (limit < needs).then_some((limit, needs))
}

/// The lowest limit of our control group and those around it, below this root of the file system.
fn limit(root: &Path) -> Option<u64> {
    let ours = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let limits = ours.lines().flat_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next().unwrap_or("-"), parts.next().unwrap_or("/"));
        let (mount, file) = match controllers {
            "" => ("sys/fs/cgroup", "memory.max"),
            v1 if v1.split(',').any(|name| name == "memory") => {
                ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return Vec::new(),
        };
        // Without a namespace of its own, a container sees its path from outside, and the files at
        // the top of the mount.
        let around = Path::new(path.trim_start_matches('/')).ancestors();
        let read = |group: &Path| fs::read_to_string(root.join(mount).join(group).join(file)).ok();
        around.filter_map(read).collect()
    });
    let limits = limits.filter_map(|text| text.trim().parse().ok());
    limits.filter(|limit| *limit < NO_LIMIT).min()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const MIB: u64 = 1 << 20;

    /// A root of a file system of this test's own, gone with the guard.
    struct Root(PathBuf);

    impl Root {
        fn new(files: &[(&str, &str)]) -> Self {
            let name = format!("brigade-cgroup-{}", std::process::id());
            let root = std::env::temp_dir().join(name);
            for (file, text) in files {
                let file = root.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, text).unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            // Nothing is lost if it stays.
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn the_lowest_limit_around_us_is_held_against_what_we_need() {
        let ours = "proc/self/cgroup";
        let (v2, v1) = ("sys/fs/cgroup", "sys/fs/cgroup/memory");
        let (max, bytes) = ("memory.max", "memory.limit_in_bytes");
        let at = |mount: &str, group: &str, file: &str| format!("{mount}/{group}{file}");
        let (top, pod, slice) = (at(v2, "", max), at(v2, "pod/", max), at(v2, "pod/us/", max));
        let (top1, us1) = (at(v1, "", bytes), at(v1, "docker/1/", bytes));
        let lines = "5:cpu,memory:/docker/1\n1:name=systemd:/x\n";
        let (short, enough, tiny) = ("335544319\n", "335544320\n", "1048576\n");
        #[rustfmt::skip]
        let table = [
            ("no control groups",          vec![], None),
            ("a container of its own",     vec![(ours, "0::/\n"), (&*top, short)], Some(320 * MIB - 1)),
            ("just enough",                vec![(ours, "0::/\n"), (&*top, enough)], None),
            ("no limit",                   vec![(ours, "0::/\n"), (&*top, "max\n")], None),
            ("a slice",                    vec![(ours, "0::/pod/us\n"), (&*slice, short)], Some(320 * MIB - 1)),
            ("the group around it",        vec![(ours, "0::/pod/us\n"), (&*slice, enough), (&*pod, tiny)], Some(MIB)),
            ("version 1",                  vec![(ours, lines), (&*us1, short)], Some(320 * MIB - 1)),
            ("version 1, seen from within", vec![(ours, lines), (&*top1, tiny)], Some(MIB)),
            ("version 1 without a limit",  vec![(ours, lines), (&*us1, "9223372036854771712\n")], None),
            ("not a number",               vec![(ours, "0::/\n"), (&*top, "lots")], None),
            ("not a group",                vec![(ours, "nonsense"), (&*top, tiny)], None),
        ];
        for (why, files, want) in table {
            let root = Root::new(&files);
            let short = super::short(&root.0, &Work::default());
            assert_eq!(short.map(|(limit, _)| limit.0), want, "{why}");
            if let Some((_, needs)) = short {
                assert_eq!(needs.0, 320 * MIB, "{why}: 64 MiB and work.buffer_memory");
            }
        }
    }
}
