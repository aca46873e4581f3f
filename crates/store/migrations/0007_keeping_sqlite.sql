-- Rows of these tables leave only under a tombstone.
drop trigger ledger_payload_no_delete;
create trigger ledger_payload_no_delete before delete on ledger_payload when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'ledger_payload is insert-only'); end;
drop trigger decision_no_delete;
create trigger decision_no_delete before delete on decision when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'decision is insert-only'); end;
drop trigger answer_no_delete;
create trigger answer_no_delete before delete on answer when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'answer is insert-only'); end;
drop trigger answer_review_no_delete;
create trigger answer_review_no_delete before delete on answer_review when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'answer_review is insert-only'); end;
drop trigger improvement_answer_no_delete;
create trigger improvement_answer_no_delete before delete on improvement_answer when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'improvement_answer is insert-only'); end;
drop trigger evidence_no_delete;
create trigger evidence_no_delete before delete on evidence when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'evidence is insert-only'); end;
drop trigger claim_no_delete;
create trigger claim_no_delete before delete on claim when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'claim is insert-only'); end;
drop trigger claim_withdrawal_no_delete;
create trigger claim_withdrawal_no_delete before delete on claim_withdrawal when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'claim_withdrawal is insert-only'); end;
drop trigger claim_confirmation_no_delete;
create trigger claim_confirmation_no_delete before delete on claim_confirmation when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'claim_confirmation is insert-only'); end;
drop trigger verdict_no_delete;
create trigger verdict_no_delete before delete on verdict when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'verdict is insert-only'); end;
drop trigger verdict_approval_no_delete;
create trigger verdict_approval_no_delete before delete on verdict_approval when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'verdict_approval is insert-only'); end;
drop trigger message_no_delete;
create trigger message_no_delete before delete on message when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'message is insert-only'); end;
drop trigger note_no_delete;
create trigger note_no_delete before delete on note when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'note is insert-only'); end;
drop trigger evidence_filing_no_delete;
create trigger evidence_filing_no_delete before delete on evidence_filing when not exists (select 1 from tombstone where pos = old.pos)
    begin select raise(abort, 'evidence_filing is insert-only'); end;
