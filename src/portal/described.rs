//! The description of the interface for programs (OpenAPI): what each path says of itself, and what holds for all of them.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, ResponseBuilder};

/// What the description says of all paths.
const ABOUT: &str = "What a participant reads and writes in the Message Center. A request shows a token (`Authorization: Bearer`): one that was made for the \
participant, or one of whoever signs participants in. Every failure is `application/problem+json` in the form of `Problem`. What is others' is answered 404, as \
what is not there. Lists go on by numbers and cursors, never by times; how many there are in all is not told. All times are RFC 3339 in UTC. Fields and kinds may \
be added: pass over what you do not know.";

/// Statuses that a request to any path may be answered with, whatever it asks for.
const ANYWHERE: [(&str, &str); 10] = [
    ("400", "the request cannot be read, or a parameter is none"),
    ("401", "no good token"),
    (
        "403",
        "the token's scope lacks this, or a page of another site asks",
    ),
    ("404", "there is none, or it is others'"),
    (
        "408",
        "the request took longer than 30 seconds, or 5 minutes with a file",
    ),
    ("413", "the body is too large"),
    ("415", "the body is not declared as what it has to be"),
    ("421", "the server does not go by the name in Host"),
    ("422", "what is asked for cannot be"),
    (
        "429",
        "a budget is spent; `budget` names it, Retry-After says for how long",
    ),
];

/// Adds what holds for all paths.
pub(super) fn finished(mut description: OpenApi) -> OpenApi {
    description.info.title = "allegromail: the Message Center".to_owned();
    description.info.description = Some(ABOUT.to_owned());
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    description
        .components
        .get_or_insert_default()
        .add_security_scheme("token", SecurityScheme::Http(bearer));
    description.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
    for path in description.paths.paths.values_mut() {
        let operations = [
            &mut path.get,
            &mut path.put,
            &mut path.post,
            &mut path.delete,
        ];
        operations.into_iter().flatten().for_each(complete);
    }
    description
}

fn complete(operation: &mut Operation) {
    let late = ("503", "not now; Retry-After says when to ask again");
    for (status, words) in ANYWHERE.into_iter().chain([late]) {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new()
            .description(words)
            .content("application/problem+json", problem)
            .build();
        let responses = &mut operation.responses.responses;
        responses
            .entry(status.to_owned())
            .or_insert(RefOr::T(response));
    }
}
