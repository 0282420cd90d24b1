//! What is kept of users, clients, series and objects does not depend on who came when.

use konspect_bundle::{ArtifactId, Source, Span};
use proptest::prelude::*;

use super::*;
use crate::budget::hash;
use crate::client::{Resource, Scope, SeriesKey};
use crate::event::Verb;
use crate::fold::AuditFold;

fn clients(users: &Users) -> impl Iterator<Item = &Client> {
    users.table.iter().flat_map(|user| user.agents.iter())
}

/// A client that reads few objects is followed whole, however many others read; which objects are
/// kept of those does not depend on who came when.
#[test]
fn every_client_has_its_share_of_the_objects() {
    let reads = |client: u64| if client == 0 { 3 } else { 20 + client };
    let fold = |order: &mut dyn Iterator<Item = u64>, between: i64| {
        let mut users = Users::default();
        for (number, client) in (0_i64..).zip(order) {
            let name = client.to_string();
            let place = users.place_hashed(hash(1, name.as_bytes()), &name, client + 1, "a");
            let Place::Client(row) = place else { continue };
            for object in 0..reads(client) {
                let key = ["pods", "shop", &format!("{object}")];
                row.object(key, Some(number), true, Span::default());
            }
            if number % between == 0 {
                users.trim();
            }
        }
        users
    };
    let kept = |mut users: Users| {
        users.trim();
        let mut rows: Vec<_> = clients(&users)
            .flat_map(|client| client.objects.iter().map(|row| (client.hash, row.hash, row.count)))
            .collect();
        rows.sort_unstable();
        let mut limits: Vec<_> =
            clients(&users).map(|client| (client.hash, client.objects.limit)).collect();
        limits.sort_unstable();
        (rows, limits, users.object_share)
    };
    let whole = kept(fold(&mut (0..250), 1000));
    assert!((60..80).contains(&whole.2) && whole.0.len() <= BOUNDS.objects, "{}", whole.2);
    assert_eq!(whole.0.iter().filter(|(client, ..)| *client == 1).count(), 3);
    assert_eq!(kept(fold(&mut (0..250).rev(), 7)), whole);
    let (mut left, right) = (fold(&mut (120..250), 50), fold(&mut (0..120).rev(), 3));
    left.merge(right);
    assert_eq!(kept(left), whole);
}

/// Bounds that few events trip.
const SMALL: Bounds = Bounds {
    users: 12,
    agents_of_user: 4,
    clients: 20,
    series_of_client: 6,
    series_of_user: 12,
    series: 40,
    objects: 30,
};

/// A request for one object.
#[derive(Clone, Copy, Debug)]
struct Request {
    user: u8,
    agent: u8,
    resource: u8,
    object: u8,
}

/// Few users with many programs, many users with few, and everything between.
fn request() -> impl Strategy<Value = Request> {
    let users = prop_oneof![0_u8..3, 0_u8..10, 0_u8..60];
    let agents = prop_oneof![Just(0_u8), 0_u8..3, 0_u8..12];
    (users, agents, 0_u8..9, 0_u8..12).prop_map(|(user, agent, resource, object)| Request {
        user,
        agent,
        resource,
        object,
    })
}

fn empty() -> Users {
    Users { bounds: SMALL, ..Users::default() }
}

impl Request {
    fn user_hash(self) -> u64 {
        hash(1, self.user.to_string().as_bytes())
    }

    fn count(self, users: &mut Users) {
        let Self { user, agent, resource, object } = self;
        let [user, agent, resource, object] =
            [user, agent, resource, object].map(|number| number.to_string());
        let key = SeriesKey {
            verb: Verb::Get,
            scope: Scope::Resource,
            resource: Resource { group: "", name: &resource },
            subresource: "",
        };
        let told = self.user_hash() <= users.series_limit;
        let client_hash = hash(self.user_hash(), agent.as_bytes());
        match users.place_hashed(self.user_hash(), &user, client_hash, &agent) {
            Place::Client(client) => {
                client.object([&resource, "shop", &object], Some(1), true, Span::default());
                let tally = if told { client.tally(&key) } else { &mut client.other };
                tally.requests += 1;
            }
            Place::Other(tally) => tally.requests += 1,
        }
    }
}

/// Counts requests and enforces the bounds after every few.
fn counted(requests: &[Request], between: usize) -> Users {
    let mut users = empty();
    for some in requests.chunks(between) {
        for request in some {
            request.count(&mut users);
        }
        users.trim();
    }
    users
}

/// As workers count that share tables.
fn shared(requests: &[Request], between: usize) -> Users {
    let mut parts: Vec<Users> = (0..5).map(|_| empty()).collect();
    for some in requests.chunks(between) {
        for request in some {
            let part = usize::try_from(request.user_hash() % 5).unwrap();
            request.count(&mut parts[part]);
        }
        Users::trim_parts(&mut parts.iter_mut().collect::<Vec<_>>());
    }
    parts.into_iter().fold(empty(), |mut all, part| {
        all.absorb(part);
        all
    })
}

fn merged(mut left: Users, right: Users) -> Users {
    left.merge(right);
    left
}

/// As a saved state, which holds all that is known, limits too.
fn state(users: Users) -> Vec<u8> {
    fold(users).to_bytes()
}

fn fold(users: Users) -> AuditFold {
    let mut fold = AuditFold::default();
    fold.users = users;
    fold
}

fn read_into(users: Users, state: &[u8]) -> Users {
    let mut fold = fold(users);
    fold.merge_state(Source::new(ArtifactId(0), state)).unwrap();
    fold.users
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However a log is cut, in whatever order its parts come and whichever bounds they reach.
    #[test]
    fn all_bounds_at_once_keep_the_same(
        requests in prop::collection::vec(request(), 0..400),
        cut in 0_usize..400,
        between in 1_usize..60,
    ) {
        let whole = state(counted(&requests, requests.len().max(1)));
        let mut backwards = requests.clone();
        backwards.reverse();
        prop_assert!(state(counted(&backwards, between)) == whole);
        prop_assert!(state(shared(&requests, between)) == whole);
        let (left, right) = requests.split_at(cut.min(requests.len()));
        let (left, right) = (counted(left, between), shared(right, between));
        prop_assert!(state(merged(left.clone(), right.clone())) == whole);
        prop_assert!(state(merged(right.clone(), left.clone())) == whole);
        prop_assert!(state(read_into(left.clone(), &state(right.clone()))) == whole);
        prop_assert!(state(read_into(read_into(empty(), &state(right)), &state(left))) == whole);
        let pieces = requests.chunks(between).map(|piece| counted(piece, 3));
        prop_assert!(state(pieces.fold(empty(), merged)) == whole);
    }
}
