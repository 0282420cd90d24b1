//! Records that are larger than blocks cost no more than their bytes.

use konspect_audit::{AuditFold, Shared, fold_blocks, scanner_agrees};
use konspect_bundle::ArtifactId;
use proptest::prelude::*;

fn fold(head: &'static [u8], filler: u8, blocks: u64) -> AuditFold {
    let first = std::iter::once((0, head.to_vec()));
    let rest =
        (0..blocks).map(move |number| (head.len() as u64 + number * 65_536, vec![filler; 65_536]));
    fold_blocks(ArtifactId(0), first.chain(rest), &Shared::new())
}

#[test]
fn a_record_over_hundreds_of_blocks_is_one_refusal() {
    for head in
        [&b"{\"kind\":\"Event\",\"auditID\":\""[..], b"[{\"auditID\":\"", b"{\n\"auditID\":\""]
    {
        let summary = fold(head, b'x', 900).finish();
        assert_eq!(
            (summary.reading.records, summary.reading.refused),
            (1, 1),
            "{:?}",
            summary.refusals
        );
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_alike_or_refused(line in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(scanner_agrees(&line));
        let blocks = line.chunks(7).enumerate().map(|(number, block)| ((number * 7) as u64, block.to_vec())).collect::<Vec<_>>();
        let reading = fold_blocks(ArtifactId(0), blocks.into_iter(), &Shared::new()).finish().reading;
        prop_assert_eq!(reading.records, reading.events + reading.refused + reading.foreign + reading.empty);
    }
}
