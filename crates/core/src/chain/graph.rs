//! Which app extends which.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::search::{AppSearchPath, Candidate, Finder};
use crate::app_id::{AppId, AppKey};
use crate::diagnostic::{Code, Diagnostic, Location};
use crate::files::AppFiles;
use crate::json::Pointer;
use crate::manifest::{AppManifest, Extension};
use crate::suggest::nearest;
use crate::version::VersionRequirement;

/// How many apps a chain may have.
const APP_LIMIT: usize = 256;

/// How many choices of versions are tried before two demands are told to contradict each other.
const ATTEMPT_LIMIT: usize = 256;

/// The running app, which is number 0, and all its ancestors.
pub(super) struct AppGraph {
    apps: Vec<App>,
}

/// One app of the graph.
pub(super) struct App {
    pub(super) manifest: AppManifest,
    pub(super) files: Arc<dyn AppFiles>,
    /// What was found when `app.json` was read.
    pub(super) findings: Vec<Diagnostic>,
    parents: Vec<usize>,
}

/// One app demanding another; the pointer is none for the parent of an app that names none.
#[derive(Clone)]
struct Demand {
    by: usize,
    pointer: Option<Pointer>,
}

/// What a choice of versions has to keep to, learnt from choices that contradicted themselves.
#[derive(Clone)]
enum Constraint {
    /// The version of the app has to meet this.
    Meets(AppId, VersionRequirement),
    /// This version of this app asks for what cannot be.
    Not(AppKey),
}

impl Constraint {
    fn admits(&self, key: &AppKey) -> bool {
        match self {
            Self::Meets(id, requirement) => key.id != *id || requirement.accepts(&key.version),
            Self::Not(excluded) => key != excluded,
        }
    }
}

impl AppGraph {
    /// Reads the `app.json` of every ancestor.
    ///
    /// Of each app the highest version is taken that is asked for. Where a later demand asks for another one, choices that
    /// keep to it are tried, those that differ least first; when none is free of contradictions, those of the first are told.
    pub(super) fn gather(
        manifest: AppManifest,
        files: Arc<dyn AppFiles>,
        search: &AppSearchPath,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Self {
        let running = Candidate { manifest, files };
        let mut first = None;
        let mut untried = VecDeque::from([Vec::new()]);
        for _ in 0..ATTEMPT_LIMIT {
            let Some(constraints) = untried.pop_front() else { break };
            let attempt = Gathering::attempt(running.clone(), search, &constraints);
            if attempt.is_consistent {
                diagnostics.extend(attempt.diagnostics);
                return attempt.graph;
            }
            untried.extend(attempt.ways_out.iter().map(|way_out| {
                let mut constraints = constraints.clone();
                constraints.push(way_out.clone());
                constraints
            }));
            first.get_or_insert((attempt.graph, attempt.diagnostics));
        }
        let Some((graph, findings)) = first else { return Self { apps: Vec::new() } };
        diagnostics.extend(findings);
        graph
    }

    pub(super) fn parents_of(&self, app: usize) -> Vec<usize> {
        self.apps.get(app).map(|app| app.parents.clone()).unwrap_or_default()
    }

    #[expect(clippy::indexing_slicing, reason = "numbers come from this graph only, and apps are never removed")]
    pub(super) fn manifest(&self, app: usize) -> &AppManifest {
        &self.apps[app].manifest
    }

    pub(super) fn key(&self, app: usize) -> &AppKey {
        &self.manifest(app).key
    }

    pub(super) fn names_parents(&self, app: usize) -> bool {
        !self.manifest(app).extends.is_empty()
    }

    /// The apps with these numbers, in their order.
    pub(super) fn into_apps(self, order: &[usize]) -> impl Iterator<Item = App> {
        let mut apps: Vec<Option<App>> = self.apps.into_iter().map(Some).collect();
        let ordered: Vec<App> = order.iter().filter_map(|&app| apps.get_mut(app)?.take()).collect();
        ordered.into_iter()
    }
}

/// The graph as it grows, parents before what comes after them in `extends`.
struct Gathering<'search> {
    graph: AppGraph,
    search: &'search AppSearchPath,
    finder: Finder<'search>,
    constraints: &'search [Constraint],
    /// Whether no app is asked for in two versions, and no constraint left none to take.
    is_consistent: bool,
    /// What would mend the first contradiction.
    ways_out: Vec<Constraint>,
    /// Each app that was added, and who demanded it first.
    demanded: HashMap<AppId, (usize, Option<Demand>)>,
    /// The apps whose parents are being added, the running one first.
    path: Vec<usize>,
    diagnostics: Vec<Diagnostic>,
}

impl<'search> Gathering<'search> {
    fn attempt(running: Candidate, search: &'search AppSearchPath, constraints: &'search [Constraint]) -> Self {
        let mut gathering = Self {
            graph: AppGraph { apps: Vec::new() },
            search,
            finder: Finder::new(search, running.files.root()),
            constraints,
            is_consistent: true,
            ways_out: Vec::new(),
            demanded: HashMap::new(),
            path: Vec::new(),
            diagnostics: Vec::new(),
        };
        gathering.add(running, None);
        gathering
    }

    /// Adds an app with all its ancestors. The depth of the recursion is that of the chain, which is bounded.
    fn add(&mut self, candidate: Candidate, demand: Option<Demand>) -> usize {
        let number = self.graph.apps.len();
        // The findings were not kept when the candidate was looked at, and most candidates are never taken.
        let (_, findings) = AppManifest::read(&*candidate.files);
        let extends = candidate.manifest.extends.clone();
        self.demanded.insert(candidate.manifest.key.id.clone(), (number, demand));
        self.graph.apps.push(App {
            manifest: candidate.manifest,
            files: candidate.files,
            findings,
            parents: Vec::new(),
        });
        self.path.push(number);
        for extension in &extends {
            let demand = Demand { by: number, pointer: Some(extension.pointer.clone()) };
            self.demand(extension, demand);
        }
        if extends.is_empty() {
            self.demand_default(number);
        }
        self.path.pop();
        number
    }

    fn demand_default(&mut self, by: usize) {
        let Some(parent) = self.search.default_parent.clone() else {
            return;
        };
        // The default parent and its own ancestors stand on nothing.
        if self.path.iter().any(|&app| self.graph.key(app).id == parent) {
            return;
        }
        let extension = Extension { app: parent, version: VersionRequirement::ANY, pointer: Pointer::ROOT };
        self.demand(&extension, Demand { by, pointer: None });
    }

    fn demand(&mut self, extension: &Extension, demand: Demand) {
        if let Some(&(known, ref first)) = self.demanded.get(&extension.app) {
            let first = first.clone();
            if self.path.contains(&known) {
                self.report_cycle(known, &demand);
            } else if extension.version.accepts(&self.graph.key(known).version) {
                self.link(demand.by, known);
            } else {
                self.learn(first.as_ref(), extension, &demand);
                self.report_differing(known, first.as_ref(), extension, &demand);
            }
            return;
        }
        let mut versions = self.finder.versions_of(&extension.app);
        let seen: Vec<String> = versions.iter().map(|candidate| candidate.manifest.key.version.to_string()).collect();
        versions.retain(|candidate| extension.version.accepts(&candidate.manifest.key.version));
        let is_available = !versions.is_empty();
        versions.retain(|candidate| self.constraints.iter().all(|one| one.admits(&candidate.manifest.key)));
        self.is_consistent &= !(is_available && versions.is_empty());
        // The highest version; among equals the first place wins.
        let best = versions.into_iter().rev().max_by(|a, b| a.manifest.key.version.cmp(&b.manifest.key.version));
        match best {
            None => self.report_missing(extension, &seen, &demand),
            Some(_) if self.graph.apps.len() >= APP_LIMIT => {
                let finding =
                    self.finding(Code::ParentMissing, &demand, format!("the app has more than {APP_LIMIT} ancestors"));
                self.diagnostics.push(finding.with_help("extend fewer apps"));
            }
            Some(candidate) => {
                let by = demand.by;
                let parent = self.add(candidate, Some(demand));
                self.link(by, parent);
            }
        }
    }

    /// Notes how the contradiction between two demands of one app could be mended: by a version that the second accepts too, or by
    /// other versions of those who ask.
    fn learn(&mut self, first: Option<&Demand>, extension: &Extension, second: &Demand) {
        self.is_consistent = false;
        if !self.ways_out.is_empty() {
            return;
        }
        self.ways_out.push(Constraint::Meets(extension.app.clone(), extension.version.clone()));
        let demanders = first.into_iter().chain([second]).map(|demand| demand.by).filter(|&by| by != 0);
        let others = demanders.map(|by| Constraint::Not(self.graph.key(by).clone())).collect::<Vec<_>>();
        self.ways_out.extend(others);
    }

    fn link(&mut self, child: usize, parent: usize) {
        if let Some(app) = self.graph.apps.get_mut(child) {
            app.parents.push(parent);
        }
    }

    /// One finding for every app on the circle.
    fn report_cycle(&mut self, known: usize, closing: &Demand) {
        let circle: Vec<usize> = self.path.iter().copied().skip_while(|&app| app != known).collect();
        let names: Vec<&str> =
            circle.iter().chain(std::iter::once(&known)).map(|&app| self.graph.key(app).id.as_str()).collect();
        let message = format!("the app extends itself: {}", names.join(" → "));
        let mut demands: Vec<Demand> =
            circle.iter().skip(1).filter_map(|&app| self.demanded.get(&self.graph.key(app).id)?.1.clone()).collect();
        demands.push(closing.clone());
        let findings: Vec<Diagnostic> = demands
            .iter()
            .map(|demand| {
                self.finding(Code::AppCycle, demand, message.clone())
                    .with_help("remove one of the entries on the circle")
            })
            .collect();
        self.diagnostics.extend(findings);
    }

    /// One finding for each of the two demands.
    fn report_differing(&mut self, known: usize, first: Option<&Demand>, extension: &Extension, second: &Demand) {
        let message = format!(
            "two versions of `{}` would be needed: {} is there, and `{}` asks for {}",
            extension.app,
            self.graph.key(known).version,
            self.graph.key(second.by).id,
            extension.version
        );
        let findings: Vec<Diagnostic> = first
            .into_iter()
            .chain(std::iter::once(second))
            .map(|demand| {
                self.finding(Code::AppVersionsDiffer, demand, message.clone())
                    .with_help("make both entries accept one version")
            })
            .collect();
        self.diagnostics.extend(findings);
    }

    fn report_missing(&mut self, extension: &Extension, seen: &[String], demand: &Demand) {
        let id = &extension.app;
        let (code, message) = if seen.is_empty() {
            (Code::ParentMissing, format!("the parent app `{id}` cannot be found"))
        } else {
            (
                Code::ParentVersionMissing,
                format!("no version of `{id}` meets {}: there is {}", extension.version, seen.join(", ")),
            )
        };
        let mut help = self.finder.places();
        if seen.is_empty() {
            let known = self.finder.known();
            if let Some(near) = nearest(id.as_str(), known.iter().map(String::as_str), 1).first() {
                help = format!("did you mean `{near}`? {help}");
            }
        }
        if !self.finder.unreadable.is_empty() {
            help = format!(
                "{help}; passed over because their `app.json` has errors: {}",
                self.finder.unreadable.join(", ")
            );
        }
        let finding = self.finding(code, demand, message).with_help(help);
        self.diagnostics.push(finding);
    }

    /// A finding at a demand.
    fn finding(&self, code: Code, demand: &Demand, message: String) -> Diagnostic {
        let manifest = self.graph.manifest(demand.by);
        let location = match &demand.pointer {
            Some(pointer) => manifest.location(&pointer.key("appId")),
            None => Location::file(crate::manifest::APP_FILE),
        };
        Diagnostic::new(code, message).with_app(manifest.key.id.clone()).with_location(location)
    }
}
