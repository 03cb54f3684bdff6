package org.sluice.pgtable.x86;

/** VTDSS: an entry is there when R or W is set. */
class SecondStageSplitTest extends StageSplitCases {
    SecondStageSplitTest() {
        super(Configs.SECOND, Configs.of(Configs.SECOND, 57), 3);
    }
}
