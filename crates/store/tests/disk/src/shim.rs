//! The table of C functions that stands between SQLite and the operating system's files.

use std::ffi::{CStr, OsStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Once};

use rusqlite::ffi;

use crate::{Disk, Refused};

/// Our part of an open file; SQLite's own follows it in memory.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    /// `None` for files on no disk of ours.
    watched: *mut Watched,
}

struct Watched {
    disk: Arc<Disk>,
    name: String,
}

/// Makes our functions SQLite's first choice for every connection of this program that is opened from now on.
pub(crate) fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: SQLite's own VFS lives as long as the program, and so does ours, which is never freed.
        // The functions that are taken over as they are do not look at the VFS they are given.
        unsafe {
            assert_eq!(ffi::sqlite3_initialize(), ffi::SQLITE_OK);
            let real = ffi::sqlite3_vfs_find(ptr::null());
            assert!(!real.is_null(), "SQLite has files");
            let ours = Box::new(ffi::sqlite3_vfs {
                szOsFile: size_of::<File>() as c_int + (*real).szOsFile,
                pNext: ptr::null_mut(),
                zName: c"disk".as_ptr(),
                pAppData: real.cast(),
                xOpen: Some(open),
                xDelete: Some(delete),
                ..*real
            });
            assert_eq!(ffi::sqlite3_vfs_register(Box::into_raw(ours), 1), ffi::SQLITE_OK);
        }
    });
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // 2: shared memory, but no memory-mapped reading, which would pass us by.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

/// The file behind ours.
unsafe fn real(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: `szOsFile` reserved room for both, one after the other.
    unsafe { file.cast::<u8>().add(size_of::<File>()).cast() }
}

/// The same function of the file behind ours.
macro_rules! behind {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: `file` was opened by `open`, so the file behind it is open and has all functions of version 2.
        unsafe {
            let real = real($file);
            match (*(*real).pMethods).$method {
                Some(method) => method(real $(, $argument)*),
                None => unreachable!("SQLite's own files have every function of version 2"),
            }
        }
    }};
}

unsafe fn watched<'f>(file: *mut ffi::sqlite3_file) -> Option<&'f Watched> {
    // SAFETY: set by `open`, freed by `close`, and SQLite uses a file between the two only.
    unsafe { (*file.cast::<File>()).watched.as_ref() }
}

unsafe fn path<'n>(name: *const c_char) -> Option<&'n Path> {
    // SAFETY: SQLite gives a C string, or nothing for a temporary file.
    (!name.is_null()).then(|| unsafe { Path::new(OsStr::from_bytes(CStr::from_ptr(name).to_bytes())) })
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: `pAppData` is SQLite's own VFS; `file` has room for both parts.
    unsafe {
        let behind: *mut ffi::sqlite3_vfs = (*vfs).pAppData.cast();
        let ours = file.cast::<File>();
        (*ours).base.pMethods = ptr::null();
        (*ours).watched = ptr::null_mut();
        let Some(method) = (*behind).xOpen else { return ffi::SQLITE_CANTOPEN };
        let code = method(behind, name, real(file), flags, out_flags);
        if code == ffi::SQLITE_OK {
            if let Some((disk, name)) = path(name).and_then(Disk::holding) {
                disk.opened(&name);
                (*ours).watched = Box::into_raw(Box::new(Watched { disk, name }));
            }
            (*ours).base.pMethods = &raw const METHODS;
        }
        code
    }
}

unsafe extern "C" fn delete(vfs: *mut ffi::sqlite3_vfs, name: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: as in `open`.
    unsafe {
        let behind: *mut ffi::sqlite3_vfs = (*vfs).pAppData.cast();
        let Some(method) = (*behind).xDelete else { return ffi::SQLITE_IOERR_DELETE };
        let code = method(behind, name, sync_directory);
        if code == ffi::SQLITE_OK
            && let Some((disk, name)) = path(name).and_then(Disk::holding)
        {
            disk.removed(&name, sync_directory != 0);
        }
        code
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    let code = behind!(file, xClose);
    // SAFETY: SQLite closes a file once; `watched` came out of a box.
    unsafe {
        let ours = file.cast::<File>();
        if !(*ours).watched.is_null() {
            drop(Box::from_raw((*ours).watched));
            (*ours).watched = ptr::null_mut();
        }
    }
    code
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, bytes: *const c_void, count: c_int, offset: i64) -> c_int {
    // SAFETY: SQLite gives `count` bytes.
    let (watched, given) = unsafe { (watched(file), std::slice::from_raw_parts(bytes.cast::<u8>(), count as usize)) };
    let Some(watched) = watched else { return behind!(file, xWrite, bytes, count, offset) };
    let mut code = ffi::SQLITE_OK;
    let done = watched.disk.written(&watched.name, offset as u64, given, |fits| {
        if fits > 0 {
            code = behind!(file, xWrite, bytes, fits as c_int, offset);
        }
        code == ffi::SQLITE_OK
    });
    match done {
        Ok(()) => ffi::SQLITE_OK,
        Err(Refused::Full) => ffi::SQLITE_FULL,
        Err(Refused::Failed) => code,
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    let code = behind!(file, xTruncate, size);
    // SAFETY: an open file.
    if let (ffi::SQLITE_OK, Some(watched)) = (code, unsafe { watched(file) }) {
        watched.disk.truncated(&watched.name, size as u64);
    }
    code
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: an open file.
    match unsafe { watched(file) } {
        // The real file is not synced: what is durable is decided here, and the machine stays up.
        Some(watched) => match watched.disk.synced(&watched.name) {
            Ok(()) => ffi::SQLITE_OK,
            Err(_) => ffi::SQLITE_IOERR_FSYNC,
        },
        None => behind!(file, xSync, flags),
    }
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, into: *mut c_void, count: c_int, offset: i64) -> c_int {
    behind!(file, xRead, into, count, offset)
}
unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, size: *mut i64) -> c_int {
    behind!(file, xFileSize, size)
}
unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    behind!(file, xLock, level)
}
unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    behind!(file, xUnlock, level)
}
unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    behind!(file, xCheckReservedLock, out)
}
unsafe extern "C" fn control(file: *mut ffi::sqlite3_file, code: c_int, argument: *mut c_void) -> c_int {
    behind!(file, xFileControl, code, argument)
}
unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    behind!(file, xSectorSize)
}
unsafe extern "C" fn characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    behind!(file, xDeviceCharacteristics)
}
unsafe extern "C" fn shm_map(file: *mut ffi::sqlite3_file, page: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int {
    behind!(file, xShmMap, page, size, extend, out)
}
unsafe extern "C" fn shm_lock(file: *mut ffi::sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    behind!(file, xShmLock, offset, count, flags)
}
unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    behind!(file, xShmBarrier)
}
unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    behind!(file, xShmUnmap, delete)
}
