package org.sluice.smmuv3.model;

import org.sluice.smmuv3.arch.Cr0;
import org.sluice.smmuv3.arch.Cr2;
import org.sluice.smmuv3.arch.Gbpa;
import org.sluice.smmuv3.arch.StrtabBase;
import org.sluice.smmuv3.arch.StrtabBaseCfg;

/**
 * What a transaction needs of the registers, decoded whenever one of them changes, so that the DMA path reads one
 * reference.
 *
 * @param enabled CR0.SMMUEN
 * @param abortAll GBPA.ABORT, which applies while not enabled
 * @param recordInvalidSid CR2.RECINVSID
 * @param atsChecked CR0.ATSCHK
 * @param e2h CR2.E2H
 * @param overrides of GBPA, which apply while not enabled
 * @param recordAtsErrors CR2.REC_CFG_ATS
 * @param streams the stream table's shape
 * @param words CR0, GBPA, STRTAB_BASE and STRTAB_BASE_CFG as they stood, for explanations
 */
record Settings(
        boolean enabled,
        boolean abortAll,
        boolean recordInvalidSid,
        boolean atsChecked,
        boolean e2h,
        AttributeOverrides overrides,
        boolean recordAtsErrors,
        StreamTable.Shape streams,
        Words words) {
    /** Registers as they stood. */
    record Words(long cr0, long gbpa, long strtabBase, long strtabBaseCfg) {}

    static Settings of(RegisterBank bank, Identity id) {
        return new Settings(
                Cr0.smmuen(bank.get(Cr0.ADDRESS)) != 0,
                Gbpa.abort(bank.get(Gbpa.ADDRESS)) != 0,
                Cr2.recinvsid(bank.get(Cr2.ADDRESS)) != 0,
                Cr0.atschk(bank.get(Cr0.ADDRESS)) != 0,
                Cr2.e2h(bank.get(Cr2.ADDRESS)) != 0,
                AttributeOverrides.ofGbpa(bank.get(Gbpa.ADDRESS), id),
                Cr2.recCfgAts(bank.get(Cr2.ADDRESS)) != 0,
                StreamTable.Shape.of(bank.get(StrtabBase.ADDRESS), bank.get(StrtabBaseCfg.ADDRESS), id),
                new Words(
                        bank.get(Cr0.ADDRESS),
                        bank.get(Gbpa.ADDRESS),
                        bank.get(StrtabBase.ADDRESS),
                        bank.get(StrtabBaseCfg.ADDRESS)));
    }

    /** Tells which registers decide. */
    void explain(Trace trace) {
        trace.register(Cr0.REGISTER, words.cr0());
        if (enabled) {
            trace.register(StrtabBase.REGISTER, words.strtabBase());
            trace.register(StrtabBaseCfg.REGISTER, words.strtabBaseCfg());
        } else {
            trace.register(Gbpa.REGISTER, words.gbpa());
        }
    }
}
