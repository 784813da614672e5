//! Rights in an XMP packet (ISO 16684-1; *XMP Specification Part 2*, section 2).

use roxmltree::{Document, Node};

use super::{MAX_SIGNALS, RightsSignal, SignalKind, Terms, xml};

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// Prefix as it is usually written, namespace, name, and what it says.
const FIELDS: &[(&str, &str, &str, SignalKind)] = &[
    ("dc", "http://purl.org/dc/elements/1.1/", "rights", SignalKind::Copyright),
    ("xmpRights", "http://ns.adobe.com/xap/1.0/rights/", "Owner", SignalKind::Copyright),
    ("xmpRights", "http://ns.adobe.com/xap/1.0/rights/", "Marked", SignalKind::Copyright),
    ("xmpRights", "http://ns.adobe.com/xap/1.0/rights/", "UsageTerms", SignalKind::Licence),
    ("xmpRights", "http://ns.adobe.com/xap/1.0/rights/", "WebStatement", SignalKind::Licence),
    ("xmpDM", "http://ns.adobe.com/xmp/1.0/DynamicMedia/", "copyright", SignalKind::Copyright),
    ("cc", "http://creativecommons.org/ns#", "license", SignalKind::Licence),
    ("plus", "http://ns.useplus.org/ldf/xmp/1.0/", "DataMining", SignalKind::Mining),
    ("plus", "http://ns.useplus.org/ldf/xmp/1.0/", "OtherConstraints", SignalKind::Mining),
    ("tdm", "http://www.w3.org/ns/tdmrep/", "reservation", SignalKind::Mining),
    ("tdm", "http://www.w3.org/ns/tdmrep/", "policy", SignalKind::Mining),
];

/// The statements in `packet`; none where it is damaged.
pub(in crate::audio) fn signals(packet: &[u8]) -> Vec<RightsSignal> {
    let mut signals = Vec::new();
    let Some(text) = xml::text_of(packet) else { return signals };
    let Some(tree) = xml::parse(&text) else { return signals };
    let mut terms = Terms::default();
    for (prefix, namespace, name, kind) in FIELDS {
        let field = format!("{prefix}:{name}");
        for value in values(&tree, namespace, name) {
            if *kind == SignalKind::Mining {
                terms.take(&field, &field, &value);
            } else {
                signals.push(RightsSignal::prose(*kind, "xmp", &field, &value));
            }
        }
    }
    signals.extend(terms.signals("xmp"));
    signals
}

/// The values of a property: an attribute of a description, or an element with
/// text, an address, or a list of alternatives or items.
fn values(tree: &Document<'_>, namespace: &str, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    for node in tree.descendants().filter(Node::is_element) {
        // Properties inside one another would give the same items again and again.
        if values.len() >= MAX_SIGNALS {
            break;
        }
        if node.has_tag_name((RDF, "Description")) {
            values.extend(node.attribute((namespace, name)).map(str::to_owned));
        }
        if !node.has_tag_name((namespace, name)) {
            continue;
        }
        let items = node.descendants().filter(|n| n.has_tag_name((RDF, "li")));
        let before = values.len();
        values.extend(items.filter_map(|item| item.text()).map(str::to_owned).take(MAX_SIGNALS));
        if values.len() == before {
            values.extend(node.attribute((RDF, "resource")).or(node.text()).map(str::to_owned));
        }
    }
    values.iter_mut().for_each(|value| *value = value.trim().to_owned());
    values.retain(|value| !value.is_empty());
    values
}

#[cfg(test)]
pub(in crate::audio) mod tests {
    use super::*;

    /// A packet that has every field.
    pub(in crate::audio) const PACKET: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:r="http://ns.adobe.com/xap/1.0/rights/" xmlns:plus="http://ns.useplus.org/ldf/xmp/1.0/"
  xmlns:cc="http://creativecommons.org/ns#" xmlns:tdm="http://www.w3.org/ns/tdmrep/"
  r:Marked="True" r:WebStatement="https://example.com/terms" tdm:reservation="1">
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">2026 Nobody</rdf:li><rdf:li xml:lang="de">2026 Niemand</rdf:li></rdf:Alt></dc:rights>
<r:UsageTerms><rdf:Alt><rdf:li xml:lang="x-default">No training.</rdf:li></rdf:Alt></r:UsageTerms>
<cc:license rdf:resource="https://example.com/licence"/>
<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED</plus:DataMining>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>"#;

    #[test]
    fn every_form_of_a_property() {
        let found = signals(format!("{PACKET}\n      \0").as_bytes());
        let shown: Vec<_> =
            found.iter().map(|s| format!("{} {} {}", s.kind.name(), s.field, s.text)).collect();
        assert_eq!(
            shown,
            [
                "copyright dc:rights 2026 Nobody",
                "copyright dc:rights 2026 Niemand",
                "copyright xmpRights:Marked True",
                "licence xmpRights:UsageTerms No training.",
                "licence xmpRights:WebStatement https://example.com/terms",
                "licence cc:license https://example.com/licence",
                "mining tdm:reservation 1",
                "mining plus:DataMining http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED",
            ]
        );
        assert_eq!(found[6].uses.len() + found[7].uses.len(), 2);
        assert!(signals(b"<x:xmpmeta>").is_empty());
        assert!(signals(b"").is_empty());
    }

    #[test]
    fn properties_inside_one_another_do_not_multiply() {
        let (depth, items) = (90, 20_000);
        let packet = format!(
            "<a xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:r='{RDF}'>{}{}{}</a>",
            "<dc:rights>".repeat(depth),
            "<r:li>x</r:li>".repeat(items),
            "</dc:rights>".repeat(depth)
        );
        let tree = xml::parse(&packet).unwrap();
        let found = values(&tree, "http://purl.org/dc/elements/1.1/", "rights");
        assert!((1..=2 * MAX_SIGNALS).contains(&found.len()), "{}", found.len());
        assert!(!signals(packet.as_bytes()).is_empty());
    }
}
