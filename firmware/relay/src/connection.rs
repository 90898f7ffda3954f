//! One WebSocket between its session and the socket.
//!
//! The WebSocket library reads; what it wants to answer itself (pongs, close frames) is caught in
//! memory and leaves with our own frames. So reading and writing never wait for each other, an
//! answer of many events is one buffer and few system calls, and an idle connection holds 4 KB.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt as _;
use relaybox_protocol::Filter;
use relaybox_protocol::refusal::Refusal;
use relaybox_store::{Plan, StoreError};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf, ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::Sleep;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::audit;
use crate::ingest::Job;
use crate::messages;
use crate::reading::{Page, Reader};
use crate::service::{Handle, Phase, Place, Shared, refusal_of};
use crate::session::{Effect, Session, sealed};

/// Bytes in the outgoing buffer above which nothing more is put into it.
const OUT_LOW: usize = 64 * 1024;
/// Outgoing buffers above this size are given back once empty.
const OUT_KEPT: usize = 16 * 1024;
const READ_BUFFER: usize = 4 * 1024;
/// Questions waiting behind the one that is being answered.
const QUESTIONS_MAX: usize = 128;
/// Times a count or a list of ids is asked anew because the members changed under it.
const STALE_TRIES: usize = 16;
/// Seconds for a peer to take our close frame.
const CLOSE_SECONDS: u64 = 2;

/// What a connection is given.
pub(crate) struct Peer {
    pub(crate) address: IpAddr,
    pub(crate) urls: Arc<[String]>,
    pub(crate) challenge: String,
}

/// Something to ask the store.
enum Question {
    Read(u64),
    Count { id: String, filters: Vec<Filter> },
    Ids { generation: u64, filter: Box<Filter> },
}

/// What a connection waited for.
enum Event {
    Written(io::Result<usize>),
    Answered(Option<(Vec<u8>, Box<Reader>)>),
    Woken,
    Message(Option<Result<Message, Error>>),
    Timeout,
    Phase(Phase),
}

type Answering = Pin<Box<dyn Future<Output = Option<(Vec<u8>, Box<Reader>)>> + Send>>;

struct Connection<S> {
    shared: Arc<Shared>,
    handle: Arc<Handle>,
    /// The way to the writer; given back while the relay drains.
    ingest: Option<mpsc::Sender<Job>>,
    address: IpAddr,
    ws: WebSocketStream<ReadSide<S>>,
    writer: WriteHalf<S>,
    out: Vec<u8>,
    written: usize,
    questions: std::collections::VecDeque<Question>,
    answering: Option<Answering>,
    /// The next page, once the buffer has room.
    reader: Option<Box<Reader>>,
    job: Option<Job>,
    closing: bool,
    dropped: bool,
    draining: bool,
    /// Waiting for the peer to take our close frame.
    leaving: bool,
    /// For when the timer is set, unix seconds.
    due: u64,
    timer_over: bool,
}

/// Serves one upgraded connection until either side ends it. `read` holds bytes that arrived with
/// the upgrade request.
pub(crate) async fn run<S>(
    shared: Arc<Shared>,
    ingest: mpsc::Sender<Job>,
    stream: S,
    read: Vec<u8>,
    peer: Peer,
    phase: watch::Receiver<Phase>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let session = Session::new(Arc::clone(&shared.config), peer.urls, peer.challenge, shared.stamp.clock());
    let handle = Arc::new(Handle::new(session));
    let place = Place::take(&shared, &handle);
    let (reader, writer) = tokio::io::split(stream);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(shared.config.frame_bytes_max))
        .max_frame_size(Some(shared.config.frame_bytes_max));
    let side = ReadSide { reader, replies: Vec::new() };
    let ws = WebSocketStream::from_partially_read(side, read, Role::Server, Some(config)).await;
    let connection = Connection {
        shared: Arc::clone(&shared),
        handle,
        ingest: Some(ingest),
        address: peer.address,
        ws,
        writer,
        out: Vec::new(),
        written: 0,
        questions: std::collections::VecDeque::new(),
        answering: None,
        reader: None,
        job: None,
        closing: false,
        dropped: false,
        draining: false,
        leaving: false,
        due: 0,
        timer_over: false,
    };
    connection.serve(phase).await;
    drop(place);
}

impl<S> Connection<S>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    async fn serve(mut self, mut phase: watch::Receiver<Phase>) {
        let mut timer = Box::pin(self.timer());
        loop {
            self.pump();
            if self.dropped || (self.closing && self.out.is_empty()) {
                break;
            }
            let event = self.wait(&mut timer, &mut phase).await;
            if !self.happened(event) {
                break;
            }
            if self.timer_over || (!self.leaving && self.handle.session().poll_timeout() < self.due) {
                self.timer_over = false;
                timer = Box::pin(self.timer());
            }
            if self.closing && !self.leaving {
                self.leaving = true;
                timer = Box::pin(tokio::time::sleep(Duration::from_secs(CLOSE_SECONDS)));
            }
        }
        if !self.dropped {
            // The peer may be gone already; then there is nobody to say goodbye to.
            let _ = tokio::time::timeout(Duration::from_secs(CLOSE_SECONDS), Box::pin(self.linger())).await;
        }
    }

    /// Reads what the peer still sends, until it has seen our end: a socket that is closed with bytes
    /// unread resets the connection, and our last words would be lost with it.
    async fn linger(&mut self) -> io::Result<()> {
        self.writer.shutdown().await?;
        let mut scratch = [0; 1_024];
        while self.ws.get_mut().reader.read(&mut scratch).await? > 0 {}
        Ok(())
    }

    /// Waits for the next thing that concerns this connection.
    async fn wait(&mut self, timer: &mut Pin<Box<Sleep>>, phase: &mut watch::Receiver<Phase>) -> Event {
        let may_read = self.may_read();
        tokio::select! {
            biased;
            written = self.writer.write(&self.out[self.written..]), if !self.out.is_empty() => Event::Written(written),
            page = answer(&mut self.answering), if self.answering.is_some() => Event::Answered(page),
            permit = reserve(self.ingest.as_ref()), if self.job.is_some() => {
                if let (Some(permit), Some(job)) = (permit, self.job.take()) {
                    permit.send(job);
                }
                Event::Woken
            }
            () = self.handle.woken() => Event::Woken,
            message = self.ws.next(), if may_read => Event::Message(message),
            () = timer => Event::Timeout,
            changed = phase.changed() => Event::Phase(changed.map_or(Phase::Closing, |()| *phase.borrow())),
        }
    }

    /// False when the connection is over.
    fn happened(&mut self, event: Event) -> bool {
        match event {
            Event::Written(Ok(0) | Err(_)) => return false,
            Event::Written(Ok(n)) => self.wrote(n),
            Event::Answered(page) => self.answered(page),
            Event::Woken => {}
            Event::Message(message) => return self.received(message),
            Event::Timeout => {
                let members = self.shared.members();
                self.handle.session().handle_timeout(self.shared.stamp.clock(), members.as_ref());
                self.timer_over = true;
                return !self.closing;
            }
            Event::Phase(phase) => self.turn(phase),
        }
        true
    }

    fn timer(&mut self) -> Sleep {
        self.due = self.handle.session().poll_timeout();
        let wait = self.due.saturating_sub(self.shared.stamp.clock()).max(1);
        tokio::time::sleep(Duration::from_secs(wait))
    }

    fn may_read(&self) -> bool {
        !self.closing
            && !self.draining
            && self.job.is_none()
            && self.questions.len() < QUESTIONS_MAX
            && self.out.len() < self.shared.config.outgoing_bytes_max
            && self.handle.session().may_read()
    }

    /// The relay's own turn: draining reads no more, closing says goodbye.
    fn turn(&mut self, phase: Phase) {
        self.draining = phase != Phase::Running;
        if phase == Phase::Closing {
            self.handle.session().handle_stop();
        }
    }

    /// Moves what the session wants done to where it is done.
    fn pump(&mut self) {
        let replies = std::mem::take(&mut self.ws.get_mut().replies);
        self.out.extend_from_slice(&replies);
        let facts = self.handle.session().take_facts();
        audit::enter(&self.shared, facts);
        while self.job.is_none() && self.out.len() < OUT_LOW && !self.closing {
            let Some(effect) = self.handle.session().poll_effect() else { break };
            self.perform(effect);
        }
        if self.draining && self.job.is_none() && self.handle.session().idle() {
            // The writer ends when nobody can send to it any more.
            self.ingest = None;
        }
        self.ask();
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Send(text) => messages::push_text_frame(&mut self.out, &[text.as_bytes()]),
            Effect::Deliver { head, bytes } => {
                messages::push_text_frame(&mut self.out, &[head.as_bytes(), bytes.as_bytes(), b"]"]);
            }
            Effect::Admit { id, payer, json } => self.admit(id, payer, json),
            Effect::Read { generation } => self.questions.push_back(Question::Read(generation)),
            Effect::Count { id, filters } => self.questions.push_back(Question::Count { id, filters }),
            Effect::NegOpen { generation, filter } => {
                self.questions.push_back(Question::Ids { generation, filter })
            }
            Effect::Ping => messages::push_ping(&mut self.out),
            Effect::Close(code) => {
                messages::push_close(&mut self.out, code);
                self.closing = true;
            }
            Effect::Drop => self.dropped = true,
        }
    }

    /// An event goes on to the signature check, if its payer still has a token.
    fn admit(&mut self, id: String, payer: Option<relaybox_protocol::PublicKey>, json: Arc<str>) {
        let now = self.shared.stamp.clock();
        let granted = match payer {
            Some(key) => lock(&self.shared.per_key).take(key, now),
            None => lock(&self.shared.per_address).take(self.address, now),
        };
        let mut session = self.handle.session();
        if !granted {
            return session.handle_admitted(&id, json.len(), Err(Refusal::RateLimited));
        }
        let authenticated = session.keys().to_vec();
        let invited = session.invited().to_vec();
        drop(session);
        self.job = Some(Job { id, json, from: Arc::clone(&self.handle), authenticated, invited });
    }

    /// Starts the next question when none is being answered and the buffer has room.
    fn ask(&mut self) {
        if self.answering.is_some() || self.closing || self.out.len() >= OUT_LOW {
            return;
        }
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None => match self.questions.pop_front() {
                None => return,
                Some(Question::Read(generation)) => Box::new(Reader::new(generation)),
                Some(Question::Count { id, filters }) => {
                    let future = count(Arc::clone(&self.shared), Arc::clone(&self.handle), id, filters);
                    self.answering = Some(Box::pin(future));
                    return;
                }
                Some(Question::Ids { generation, filter }) => {
                    let future = ids(Arc::clone(&self.shared), Arc::clone(&self.handle), generation, filter);
                    self.answering = Some(Box::pin(future));
                    return;
                }
            },
        };
        self.answering = Some(Box::pin(read(Arc::clone(&self.shared), Arc::clone(&self.handle), reader)));
    }

    /// A page came: it goes out unless its subscription was closed or replaced meanwhile.
    fn answered(&mut self, page: Option<(Vec<u8>, Box<Reader>)>) {
        self.answering = None;
        let Some((frames, reader)) = page else { return };
        if !self.handle.session().reading(reader.generation()) {
            return;
        }
        if self.out.is_empty() {
            self.out = frames;
        } else {
            self.out.extend_from_slice(&frames);
            self.shared.buffers.give(frames);
        }
        match reader.ended() {
            Some(head) => {
                self.handle.session().handle_stored_end(reader.generation(), head);
                self.end_page();
            }
            None => self.reader = Some(reader),
        }
    }

    /// Puts the end of an answer behind its last page, so that both leave together.
    fn end_page(&mut self) {
        if self.job.is_some() || self.closing {
            return;
        }
        let next = self.handle.session().poll_effect();
        if let Some(effect) = next {
            self.perform(effect);
        }
    }

    fn wrote(&mut self, n: usize) {
        self.written += n;
        if self.written == self.out.len() {
            self.written = 0;
            if self.out.capacity() > OUT_KEPT {
                self.shared.buffers.give(std::mem::take(&mut self.out));
            } else {
                self.out.clear();
            }
        }
    }

    /// One message of the peer; false when the connection is over.
    fn received(&mut self, message: Option<Result<Message, Error>>) -> bool {
        let now = self.shared.stamp.now();
        let mut session = self.handle.session();
        match message {
            Some(Ok(Message::Text(text))) => {
                let members = self.shared.members();
                session.handle_clock(self.shared.stamp.behind());
                session.handle_audit(self.shared.journal.full());
                session.handle_text(now, text.as_str(), members.as_ref());
            }
            Some(Ok(Message::Binary(_))) => session.handle_binary(),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {
                session.handle_heard(self.shared.stamp.clock())
            }
            Some(Ok(Message::Close(_))) => {
                drop(session);
                // The library has put its own close frame among the replies.
                let replies = std::mem::take(&mut self.ws.get_mut().replies);
                self.out.extend_from_slice(&replies);
                self.closing = true;
            }
            Some(Err(Error::Capacity(_))) => session.handle_too_large(),
            Some(Err(Error::Utf8(_))) => session.handle_binary(),
            Some(Err(_)) | None => return false,
        }
        true
    }
}

fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Room for one event on its way to the writer.
async fn reserve(ingest: Option<&mpsc::Sender<Job>>) -> Option<mpsc::Permit<'_, Job>> {
    match ingest {
        Some(ingest) => ingest.reserve().await.ok(),
        None => None,
    }
}

async fn answer(answering: &mut Option<Answering>) -> Option<(Vec<u8>, Box<Reader>)> {
    match answering {
        Some(future) => future.await,
        None => std::future::pending().await,
    }
}

async fn read(
    shared: Arc<Shared>,
    handle: Arc<Handle>,
    reader: Box<Reader>,
) -> Option<(Vec<u8>, Box<Reader>)> {
    let generation = reader.generation();
    match reader.next(shared, Arc::clone(&handle)).await {
        Page::More(frames, reader) => Some((frames, reader)),
        Page::Gone => None,
        Page::Failed(refusal) => {
            handle.session().handle_read_failed(generation, refusal);
            None
        }
    }
}

async fn count(
    shared: Arc<Shared>,
    handle: Arc<Handle>,
    id: String,
    filters: Vec<Filter>,
) -> Option<(Vec<u8>, Box<Reader>)> {
    let mut result = Err(Refusal::Storage);
    for _ in 0..STALE_TRIES {
        let Some(members) = shared.members() else { break };
        let scope = handle.session().scope_now(shared.stamp.now(), &members);
        let plan = match Plan::build(&filters, &scope) {
            Ok(plan) => plan,
            Err(refusal) => {
                result = Err(refusal);
                break;
            }
        };
        match shared.store.count(&plan, members.at).await {
            Ok((_, n)) => result = Ok(n),
            Err(StoreError::Stale(head)) => {
                shared.members_at(head.m).await;
                continue;
            }
            Err(error) => result = Err(refusal_of(&error)),
        }
        break;
    }
    handle.session().handle_counted(&id, result);
    None
}

async fn ids(
    shared: Arc<Shared>,
    handle: Arc<Handle>,
    generation: u64,
    filter: Box<Filter>,
) -> Option<(Vec<u8>, Box<Reader>)> {
    let mut result = Err(Refusal::Storage);
    for _ in 0..STALE_TRIES {
        let Some(members) = shared.members() else { break };
        let scope = handle.session().neg_scope(shared.stamp.now(), generation, &members)?;
        let plan = match Plan::build(std::slice::from_ref(&*filter), &scope) {
            Ok(plan) => plan,
            Err(refusal) => {
                result = Err(refusal);
                break;
            }
        };
        match shared.store.ids(&plan, members.at).await {
            Ok((_, ids)) => {
                let sorted = tokio::task::spawn_blocking(move || sealed(ids)).await;
                result = sorted.unwrap_or(Err(Refusal::Storage));
            }
            Err(StoreError::Stale(head)) => {
                shared.members_at(head.m).await;
                continue;
            }
            Err(error) => result = Err(refusal_of(&error)),
        }
        break;
    }
    handle.session().handle_ids(generation, result);
    None
}

/// The stream that the WebSocket library sees: it reads the socket, and what it writes is kept.
struct ReadSide<S> {
    reader: ReadHalf<S>,
    replies: Vec<u8>,
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadSide<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.reader).poll_read(cx, buf)
    }
}

impl<S: Unpin> AsyncWrite for ReadSide<S>
where
    ReadHalf<S>: Unpin,
{
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.replies.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
