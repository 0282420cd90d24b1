//! One pure function per format: bytes to [`crate::model`], spans kept, nothing ever refused whole.

mod builder;
mod firewalld;
mod ipset;
mod iptables_bytes;
mod iptables_list;
mod iptables_list_extras;
mod iptables_modules;
mod iptables_options;
mod iptables_save;
#[cfg(test)]
mod iptables_save_tests;
mod iptables_targets;
mod nft_cursor;
mod nft_elements;
mod nft_expression;
mod nft_json;
mod nft_lexer;
mod nft_rule;
mod nft_text;
mod nft_translate;
mod nft_values;
mod nsg_rules;
mod ufw_status;
mod values;
mod words;

pub use firewalld::firewalld;
pub use ipset::ipset;
pub use iptables_list::{iptables_list, iptables_list_as};
pub use iptables_save::{iptables_save, iptables_save_as};
pub use nft_json::nft_json;
pub use nft_text::nft_text;
pub use nsg_rules::nsg_rules;
pub use ufw_status::ufw_status;
pub(crate) use values::{address_number, number_address};
