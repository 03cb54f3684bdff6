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
 * @param recordAtsErrors CR2.REC_CFG_ATS
 * @param streams the stream table's shape
 */
record Settings(
        boolean enabled,
        boolean abortAll,
        boolean recordInvalidSid,
        boolean atsChecked,
        boolean recordAtsErrors,
        StreamTable.Shape streams) {
    static Settings of(RegisterBank bank, Identity id) {
        return new Settings(
                Cr0.smmuen(bank.get(Cr0.ADDRESS)) != 0,
                Gbpa.abort(bank.get(Gbpa.ADDRESS)) != 0,
                Cr2.recinvsid(bank.get(Cr2.ADDRESS)) != 0,
                Cr0.atschk(bank.get(Cr0.ADDRESS)) != 0,
                Cr2.recCfgAts(bank.get(Cr2.ADDRESS)) != 0,
                StreamTable.Shape.of(bank.get(StrtabBase.ADDRESS), bank.get(StrtabBaseCfg.ADDRESS), id));
    }
}
