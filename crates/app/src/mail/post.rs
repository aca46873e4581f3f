//! Hands mails to the server of [`MailSettings`], one at a time over one kept connection.

use std::error::Error as _;
use std::io::ErrorKind;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::Address;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, SinglePart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use rules::text::{Text, text, worded};

use super::settings::Way;
use super::{MailSettings, Undelivered, breaks_a_line, quoted};

/// How long the server may take for one answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// One mail to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// A bare address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
    /// Unique for all time: becomes the Message-ID, by which a mail that was sent twice is seen as one.
    /// Letters, digits, `-`, `.` and `_`.
    pub id: String,
}

/// The way out for mail. Connects when the first message is sent; says goodbye when dropped.
pub struct Post {
    settings: MailSettings,
    tls: TlsParameters,
    line: Mutex<Option<SmtpConnection>>,
}

impl Post {
    /// Prepares the way; does not connect yet, so that a server that is down stops nobody from starting.
    pub fn open(settings: &MailSettings) -> Result<Post, Text> {
        let tls = settings.tls().map_err(|e| {
            let why = quoted(&e.to_string());
            worded(format!("メール送信のTLSを準備できません（{why}）。"), format!("TLS for sending mail cannot be prepared ({why})."))
        })?;
        Ok(Post { settings: settings.clone(), tls, line: Mutex::new(None) })
    }

    /// Sends one message, dated `at`. Waits for the server, up to 20 seconds for each of its answers.
    ///
    /// If the connection breaks after the text and before the answer, the message may have arrived although this says
    /// it has not; the second copy then has the same Message-ID.
    pub fn send(&self, message: &Message, at: Timestamp) -> Result<(), Undelivered> {
        let (to, mail) = self.compose(message, at)?;
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = line.take().and_then(|mut kept| kept.test_connected().then_some(kept));
        let mut connection = match kept {
            Some(kept) => kept,
            None => self.connect()?,
        };
        match hand_over(&mut connection, self.settings.from.email.clone(), to, &mail) {
            Ok(()) => {
                *line = Some(connection);
                Ok(())
            }
            Err(undelivered) => {
                goodbye(connection);
                Err(undelivered)
            }
        }
    }

    fn compose(&self, message: &Message, at: Timestamp) -> Result<(Address, Vec<u8>), Undelivered> {
        let one_line = |text: &str| !breaks_a_line(text);
        let to: Option<Address> = if one_line(&message.to) { message.to.parse().ok() } else { None };
        // Few servers take other letters (RFC 6531); it is better to know when the address is written down.
        let to = to.filter(|to| to.user().is_ascii() && to.domain().is_ascii()).ok_or_else(|| {
            Undelivered::for_good(text(
                "宛先のメールアドレスが正しくありません。1件だけを、半角の英数字と記号で書いてください。",
                "The address of the receiver is not right. Write one address, in ASCII.",
            ))
        })?;
        if !one_line(&message.subject) {
            return Err(Undelivered::for_good(text(
                "件名に改行などの制御文字があります。取り除いてください。",
                "There are line breaks or other control characters in the subject. Remove them.",
            )));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if message.id.is_empty() || !message.id.chars().all(plain) {
            return Err(Undelivered::for_good(text(
                "メッセージの識別子が正しくありません。",
                "The identifier of the message is not right.",
            )));
        }
        let from = &self.settings.from;
        // The library cannot write a date before 1970.
        let date = SystemTime::from(at.max(Timestamp::UNIX_EPOCH));
        let mail = lettre::Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to.clone()))
            .subject(message.subject.clone())
            .date(date)
            .message_id(Some(format!("<{}@{}>", message.id, from.email.domain())))
            .header(AutoSubmitted)
            .singlepart(SinglePart::plain(message.body.clone()));
        let mail = mail.map_err(|e| {
            let why = quoted(&e.to_string());
            Undelivered::for_good(worded(format!("メールを組み立てられません（{why}）。"), format!("The mail cannot be composed ({why}).")))
        })?;
        Ok((to, mail.formatted()))
    }

    /// A connection that is protected as the settings say, and signed in.
    ///
    /// What goes wrong here before TLS may be said by anybody on the way, so it is never for good.
    fn connect(&self) -> Result<SmtpConnection, Undelivered> {
        let MailSettings { way, host, port, credentials, .. } = &self.settings;
        let me = ClientId::default();
        let from_the_start = (*way == Way::Tls).then_some(&self.tls);
        let connection = SmtpConnection::connect((host.as_str(), *port), Some(PATIENCE), &me, from_the_start, None);
        let mut connection = connection.map_err(|e| Undelivered::for_now(unreachable(&e)))?;
        if *way == Way::StartTls {
            if !connection.can_starttls() {
                goodbye(connection);
                return Err(Undelivered::for_now(text(
                    "メールサーバーが暗号化（STARTTLS）に応じないため、何も送らずに切断しました。サーバーの設定を確認するか、smtps:// を使ってください。",
                    "The mail server does not offer encryption (STARTTLS), so nothing was sent. Check the server, or use smtps://.",
                )));
            }
            connection.starttls(&self.tls, &me).map_err(|e| Undelivered::for_now(unreachable(&e)))?;
            nothing_said_ahead(&mut connection)?;
        }
        if let Some(credentials) = credentials
            && let Err(e) = connection.auth(DEFAULT_MECHANISMS, credentials)
        {
            goodbye(connection);
            return Err(not_signed_in(&e));
        }
        Ok(connection)
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if let Some(connection) = self.line.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            goodbye(connection);
        }
    }
}

/// Ends a connection politely, without waiting long for the answer.
fn goodbye(mut connection: SmtpConnection) {
    if connection.set_timeout(Some(Duration::from_secs(1))).is_ok() {
        connection.abort();
    }
}

/// One mail transaction (RFC 5321 section 3.3). Each answer must have the code of its own question.
fn hand_over(connection: &mut SmtpConnection, from: Address, to: Address, mail: &[u8]) -> Result<(), Undelivered> {
    expect(250..=250, connection.command(Mail::new(Some(from), Vec::new())))?;
    expect(250..=251, connection.command(Rcpt::new(to, Vec::new())))?;
    expect(354..=354, connection.command(Data))?;
    expect(250..=250, connection.message(mail))
}

fn expect(codes: std::ops::RangeInclusive<u16>, said: Result<Response, Error>) -> Result<(), Undelivered> {
    match said {
        Ok(said) if codes.contains(&u16::from(said.code())) => Ok(()),
        Ok(_) => Err(out_of_turn()),
        Err(e) => Err(match e.status() {
            Some(code) => {
                let why = cause(&e);
                let words = worded(
                    format!("メールサーバーが受け付けませんでした（{code} {why}）。"),
                    format!("The mail server did not accept it ({code} {why})."),
                );
                Undelivered { words, permanent: e.is_permanent() }
            }
            None => Undelivered::for_now(unreachable(&e)),
        }),
    }
}

/// Somebody on the way may have put answers behind the server's yes to STARTTLS. The library would read them as if they
/// had come encrypted. Nothing may lie there now; if one was already read, the codes of later answers give it away.
fn nothing_said_ahead(connection: &mut SmtpConnection) -> Result<(), Undelivered> {
    let broken = |_| Undelivered::for_now(text("メールサーバーとの接続が切れました。", "The connection to the mail server broke."));
    connection.set_timeout(Some(Duration::from_millis(1))).map_err(broken)?;
    let quiet = connection.read_response().is_err_and(|e| waited_in_vain(&e));
    connection.set_timeout(Some(PATIENCE)).map_err(broken)?;
    if quiet { Ok(()) } else { Err(out_of_turn()) }
}

fn out_of_turn() -> Undelivered {
    Undelivered::for_now(text(
        "メールサーバーの応答の順序が正しくないため、切断しました。通信経路に何者かが割り込んでいる可能性があります。",
        "The answers of the mail server came out of turn, so the connection was cut. Somebody may interfere on the way.",
    ))
}

/// Why signing in failed. The server's own words are not shown: some repeat what they were sent.
fn not_signed_in(e: &Error) -> Undelivered {
    match e.status() {
        Some(code) => {
            let words = worded(
                format!(
                    "メールサーバーが利用者名とパスワードを受け付けませんでした（{code}）。設定の利用者名とパスワードを確認してください。"
                ),
                format!("The mail server did not accept user and password ({code}). Check them in the settings."),
            );
            Undelivered { words, permanent: e.is_permanent() }
        }
        None if e.is_client() => Undelivered::for_now(text(
            "メールサーバーが、利用できるログイン方式（PLAINまたはLOGIN）を示しませんでした。サーバーの設定を確認してください。",
            "The mail server offers no way to sign in that can be used (PLAIN or LOGIN). Check the server.",
        )),
        None if e.is_response() => out_of_turn(),
        None => Undelivered::for_now(unreachable(e)),
    }
}

/// Why the server cannot be talked to.
fn unreachable(e: &Error) -> Text {
    let why = cause(e);
    if let Some(code) = e.status() {
        worded(
            format!("メールサーバーが接続を断りました（{code} {why}）。"),
            format!("The mail server refused the connection ({code} {why})."),
        )
    } else if waited_in_vain(e) {
        let seconds = PATIENCE.as_secs();
        worded(
            format!("メールサーバーから{seconds}秒以内に応答がありませんでした。"),
            format!("The mail server did not answer within {seconds} seconds."),
        )
    } else if io_kind(e) == Some(ErrorKind::InvalidData) {
        worded(
            format!("メールサーバーとの暗号化された接続を確立できません（{why}）。サーバーの証明書と認証局の設定を確認してください。"),
            format!(
                "No encrypted connection to the mail server ({why}). Check the server's certificate and the authorities in the settings."
            ),
        )
    } else {
        worded(
            format!("メールサーバーに接続できません（{why}）。アドレスとポート、サーバーが動いているかを確認してください。"),
            format!("The mail server cannot be reached ({why}). Check address and port, and whether it runs."),
        )
    }
}

fn cause(e: &Error) -> String {
    quoted(&e.source().map(ToString::to_string).unwrap_or_default())
}

fn io_kind(e: &Error) -> Option<ErrorKind> {
    e.source().and_then(|source| source.downcast_ref::<std::io::Error>()).map(std::io::Error::kind)
}

/// A read that reached its limit of time: which of the two kinds it is depends on the system.
fn waited_in_vain(e: &Error) -> bool {
    matches!(io_kind(e), Some(ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// Keeps absence notes and other programs from answering (RFC 3834 section 5).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }
    fn parse(_: &str) -> Result<AutoSubmitted, Box<dyn std::error::Error + Send + Sync>> {
        Ok(AutoSubmitted)
    }
    fn display(&self) -> HeaderValue {
        HeaderValue::new(AutoSubmitted::name(), "auto-generated".to_owned())
    }
}
