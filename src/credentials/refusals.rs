//! Learns of refused credentials from services whose calls do not pass our stack: SQS, Glue.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::Secret;

/// What a service says to a key it does not, or no longer, know; parts of its whole answer.
const CODES: [&[u8]; 5] = [
    b"InvalidClientTokenId",
    b"UnrecognizedClient",
    b"ExpiredToken",
    b"InvalidSignature",
    b"SignatureDoesNotMatch",
];

/// Makes a secret be read again once its credentials are refused. The refused call is not sent
/// again: whoever made it comes back by itself.
#[derive(Debug)]
pub struct Refusals(pub Secret);

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Refusals {
    fn name(&self) -> &'static str {
        "Refusals"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let describe = response.body().bytes().unwrap_or_default();
        let says = |code: &&[u8]| describe.windows(code.len()).any(|part| part == *code);
        if !response.status().is_success() && CODES.iter().any(says) {
            self.0.suspect();
        }
        Ok(())
    }
}
