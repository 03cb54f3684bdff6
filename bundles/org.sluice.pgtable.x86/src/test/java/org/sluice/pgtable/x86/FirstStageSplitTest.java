package org.sluice.pgtable.x86;

/** X86_64: an entry is there when P is set. */
class FirstStageSplitTest extends StageSplitCases {
    FirstStageSplitTest() {
        super(Configs.FIRST, Configs.of(Configs.FIRST, 48), 1);
    }
}
