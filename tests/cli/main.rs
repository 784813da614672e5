//! The program end to end, as people run it, on the committed test data.

mod altered;
mod authority;
mod check;
mod compare;
mod coverage;
#[cfg(feature = "parquet")]
mod dataset;
#[cfg(feature = "parquet")]
mod dataset_shards;
mod declare;
mod emptiness;
mod fingerprint;
mod flooding;
mod format;
mod identify;
mod inputs;
mod interrupt;
mod lineage;
mod lists;
mod live;
mod log;
mod maintain;
mod merging;
mod output;
mod overwriting;
mod readers;
mod register;
mod report;
mod rescan;
mod scan;
mod support;
