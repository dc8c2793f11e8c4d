use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mti_data::DataDirectory;
use mti_registry::App;
use tokio::sync::RwLock;

use crate::clock::Clock;
use crate::expected::Published;
use crate::findings::Findings;
use crate::gates::Gates;
use crate::levels::{Lingering, OpenDoor, Stamped, Turning, WayBack, Words};
use crate::objects::Objects;
use crate::rows::Rows;
use crate::script::ScriptLanguage;
use crate::sources::{RUNNING, SERVER, Sources};

/// How many handles are kept at a time.
const KEPT_HANDLES: usize = 64;

/// What the editor and the callers share.
#[derive(Debug)]
pub(crate) struct World {
    /// The app under test.
    pub(crate) app: App,
    /// What is wrong so far.
    pub(crate) findings: Arc<Findings>,
    /// The live objects.
    pub(crate) objects: Arc<Objects>,
    /// Where long calls wait.
    pub(crate) gates: Arc<Gates>,
    /// How long calls take.
    pub(crate) clock: Clock,
    /// What calls must answer.
    pub(crate) published: Published,
    /// What is known of the rows, by model.
    pub(crate) rows: Vec<Rows>,
    /// The language that scripts are in.
    pub(crate) language: Arc<ScriptLanguage>,
    /// How elements of the circle reach the app.
    pub(crate) way_back: Arc<WayBack>,
    /// Callers hold it shared during a call, the editor alone when nothing may be called.
    pub(crate) traffic: RwLock<()>,
    /// The models that are kept on the server.
    on_server: Vec<&'static str>,
    is_over: AtomicBool,
    handles: Mutex<Vec<Words<'static>>>,
}

impl World {
    /// Opens the app.
    ///
    /// # Panics
    ///
    /// When it does not open: a test cannot go on.
    #[expect(clippy::expect_used, reason = "a test that cannot go on should say where")]
    pub(crate) fn open(sources: &Sources, findings: Arc<Findings>) -> Self {
        let objects = Objects::new(Arc::clone(&findings));
        let language = Arc::new(ScriptLanguage::new(Arc::clone(&objects)));
        let builder = App::builder(sources.root().join(RUNNING))
            .app_path(vec![sources.root().to_owned()])
            .resource(DataDirectory(sources.root().join("data")))
            .resource(Arc::clone(&objects))
            .language(Arc::clone(&language) as _)
            .level::<OpenDoor>("stress.base", "doors.Type")
            .level::<Stamped>("stress.child", "stamps.Type")
            .level::<Lingering>("stress.child", "slow.Type")
            .level::<Turning>("stress.child", "circle.Type");
        let builder = mti_data::levels()
            .into_iter()
            .fold(builder, |builder, (element, code)| builder.code("stress.base", element, code));
        let app = builder.open().expect("the app opens");
        let way_back = app.resources().get_or_insert_with(WayBack::default);
        way_back.set(Some(app.clone()));
        Self {
            gates: app.resources().get_or_insert_with(Gates::default),
            clock: Clock::new(Arc::clone(&findings)),
            published: Published::default(),
            rows: sources.models.iter().map(|model| Rows::new(model.name)).collect(),
            traffic: RwLock::new(()),
            on_server: sources.models_on(SERVER).collect(),
            is_over: AtomicBool::new(false),
            handles: Mutex::default(),
            app,
            findings,
            objects,
            language,
            way_back,
        }
    }

    /// Keeps a typed handle for long, as programs do.
    pub(crate) fn keep_handle(&self, handle: Words<'static>) {
        let mut handles = self.handles();
        if handles.len() == KEPT_HANDLES {
            handles.remove(0);
        }
        handles.push(handle);
    }

    /// One of the handles that are kept.
    pub(crate) fn kept_handle(&self, index: usize) -> Option<Words<'static>> {
        let handles = self.handles();
        let length = handles.len();
        (length > 0).then(|| handles.get(index % length).cloned()).flatten()
    }

    /// Whether a model is kept on the server.
    pub(crate) fn is_on_server(&self, model: &str) -> bool {
        self.on_server.contains(&model)
    }

    /// Whether callers should stop.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// Has the callers stop.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.objects.end();
        self.way_back.set(None);
    }

    fn handles(&self) -> MutexGuard<'_, Vec<Words<'static>>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
