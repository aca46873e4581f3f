//! A file that blocks while it is read, as a source for async code: each piece is read on a thread that may block.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::{JoinHandle, spawn_blocking};

/// Bytes that are read at once: a piece of an encrypted file is 64 KiB.
pub const CHUNK: usize = 256 * 1024;

/// A reader and the piece that was read last. No thread waits for a slow visitor.
pub enum Blocking<R> {
    Here {
        reader: R,
        piece: Vec<u8>,
        at: usize,
    },
    Reading(JoinHandle<(R, Vec<u8>, io::Result<()>)>),
    /// A read failed; what follows does too.
    Over,
}

impl<R: Read + Send + Unpin + 'static> Blocking<R> {
    pub fn new(reader: R) -> Blocking<R> {
        Blocking::Here { reader, piece: vec![], at: 0 }
    }
}

fn read<R: Read>(mut reader: R, mut piece: Vec<u8>) -> (R, Vec<u8>, io::Result<()>) {
    piece.clear();
    let done = reader.by_ref().take(CHUNK as u64).read_to_end(&mut piece).map(drop);
    (reader, piece, done)
}

impl<R: Read + Send + Unpin + 'static> AsyncRead for Blocking<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            match &mut *self {
                Blocking::Here { piece, at, .. } if *at < piece.len() => {
                    let n = (piece.len() - *at).min(buffer.remaining());
                    buffer.put_slice(&piece[*at..*at + n]);
                    *at += n;
                    return Poll::Ready(Ok(()));
                }
                Blocking::Here { .. } => {
                    let Blocking::Here { reader, piece, .. } = std::mem::replace(&mut *self, Blocking::Over) else {
                        unreachable!("it was there a line before")
                    };
                    *self = Blocking::Reading(spawn_blocking(move || read(reader, piece)));
                }
                Blocking::Reading(task) => {
                    let done = ready!(Pin::new(task).poll(context));
                    *self = Blocking::Over;
                    let (reader, piece, read) = done.map_err(io::Error::other)?;
                    read?;
                    let end = piece.is_empty();
                    *self = Blocking::Here { reader, piece, at: 0 };
                    if end {
                        return Poll::Ready(Ok(()));
                    }
                }
                Blocking::Over => return Poll::Ready(Err(io::Error::other("the file could not be read"))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn everything_comes_through_in_order_and_a_failure_is_none_the_less() {
        let content: Vec<u8> = (0..3 * CHUNK + 17).map(|n| (n % 251) as u8).collect();
        let mut out = vec![];
        Blocking::new(io::Cursor::new(content.clone())).read_to_end(&mut out).await.expect("all of it");
        assert!(out == content);
        struct Bad(usize);
        impl Read for Bad {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 > 2 { Err(io::Error::other("gone")) } else { Ok(buffer.len()) }
            }
        }
        let mut bad = Blocking::new(Bad(0));
        assert!(bad.read_to_end(&mut vec![]).await.is_err() && bad.read_to_end(&mut vec![]).await.is_err());
    }
}
