//! Records that are larger than blocks cost no more than their bytes.

use konspect_audit::{AuditFold, Shared, fold_blocks, fold_bytes, scanner_agrees};
use konspect_bundle::{ArtifactId, Source};
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

/// Lines of different lengths, each an event.
fn lines(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|number| {
            let second = number % 60;
            format!(
                "{{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"level\":\"Metadata\",\"auditID\":\"{number}\",\"stage\":\"ResponseComplete\",\"requestURI\":\"/api/v1/pods{}\",\"verb\":\"list\",\"user\":{{\"username\":\"user-{}\"}},\"sourceIPs\":[\"10.0.0.1\"],\"userAgent\":\"agent\",\"responseStatus\":{{\"metadata\":{{}},\"code\":200}},\"requestReceivedTimestamp\":\"2025-06-02T08:00:{second:02}.000000Z\",\"stageTimestamp\":\"2025-06-02T08:00:{second:02}.000100Z\"}}\n",
                "x".repeat(number * 37 % 400),
                number % 5,
            )
            .into_bytes()
        })
        .collect()
}

#[test]
fn blocks_are_the_whole_wherever_they_end() {
    let text = lines(300);
    let whole = fold_bytes(Source::new(ArtifactId(0), &text), &Shared::new()).to_bytes();
    for size in [70_000, 70_001, 71_333, 90_000, text.len() - 1] {
        let blocks = text.chunks(size).enumerate();
        let blocks = blocks.map(|(number, block)| ((number * size) as u64, block.to_vec()));
        let fold = fold_blocks(ArtifactId(0), blocks, &Shared::new());
        assert_eq!(fold.to_bytes(), whole, "{size}");
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
